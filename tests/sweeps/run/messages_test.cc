#include "sweeps/run/messages.h"

#include <gtest/gtest.h>

#include "core/base/error.h"

namespace scgan::sweeps {
namespace {

TEST(MessagesTest, EveryReportArrivesUnchanged) {
  results::AttemptStart start{"0123456789abcdef", "host \"a\"", "cpu: x", 4, 12, "{}", "canonical"};
  const auto begun = std::get<report::AttemptStarted>(
      report_from_text(to_text(report::AttemptStarted{start, 99})));
  EXPECT_EQ(begun.attempt.hosts, "host \"a\"");
  EXPECT_EQ(begun.attempt.ranks, 4);
  EXPECT_EQ(begun.total_steps, 99);

  const results::Metric metric{.name = "kid",
                               .subject = results::Subject::kRealHalves,
                               .statistic = results::Statistic::kSubsetStd,
                               .direction = "AtoB",
                               .step = 3,
                               .value = 1.0 / 3,
                               .n_real = 10,
                               .n_fake = 11,
                               .extractor = "e",
                               .extractor_digest = "d",
                               .preprocessing = "p"};
  const auto steps = std::get<report::Progress>(
      report_from_text(to_text(report::Progress{7, 0.1, 1e-300, {{7, "d_a", 0.3}}, {metric}})));
  EXPECT_EQ(steps.g_loss, 0.1);  // to the last bit
  EXPECT_EQ(steps.d_loss, 1e-300);
  EXPECT_EQ(steps.losses.at(0).value, 0.3);
  EXPECT_EQ(steps.scores.at(0).subject, results::Subject::kRealHalves);
  EXPECT_EQ(steps.scores.at(0).statistic, results::Statistic::kSubsetStd);

  const auto done = std::get<report::AttemptDone>(report_from_text(
      to_text(report::AttemptDone{3, R"({"bits":8})", {metric}, {{"a/b", "00"}}})));
  EXPECT_EQ(done.metrics.at(0).value, 1.0 / 3);
  EXPECT_EQ(done.metrics.at(0).n_fake, 11);
  EXPECT_EQ(done.artifacts.at(0).path, "a/b");

  const auto failed = std::get<report::AttemptFailed>(report_from_text(
      to_text(report::AttemptFailed{results::ExitClass::kNonFinite, "loss is nan"})));
  EXPECT_EQ(failed.exit_class, results::ExitClass::kNonFinite);
  EXPECT_EQ(
      std::get<report::AttemptStopped>(report_from_text(to_text(report::AttemptStopped{5}))).step,
      5);
  const auto broken = std::get<report::JobFailed>(
      report_from_text(to_text(report::JobFailed{3, results::ExitClass::kLost, "it is gone"})));
  EXPECT_EQ(broken.rank, 3);
  EXPECT_EQ(broken.exit_class, results::ExitClass::kLost);
  EXPECT_EQ(broken.reason, "it is gone");
  const auto joining =
      std::get<report::Regrouping>(report_from_text(to_text(report::Regrouping{8, "node1 x2"})));
  EXPECT_EQ(joining.step, 8);
  EXPECT_EQ(joining.hosts, "node1 x2");
  EXPECT_TRUE(
      std::holds_alternative<report::Scoring>(report_from_text(to_text(report::Scoring{}))));
  EXPECT_TRUE(
      std::holds_alternative<report::RankFree>(report_from_text(to_text(report::RankFree{}))));
  EXPECT_TRUE(std::holds_alternative<report::StopSignalled>(
      report_from_text(to_text(report::StopSignalled{}))));
  EXPECT_EQ(std::get<report::JoinReady>(report_from_text(to_text(report::JoinReady{3}))).run, 3);
  const auto cannot =
      std::get<report::JoinFailed>(report_from_text(to_text(report::JoinFailed{3, "no memory"})));
  EXPECT_EQ(cannot.run, 3);
  EXPECT_EQ(cannot.reason, "no memory");
}

TEST(MessagesTest, EveryOrderArrivesUnchanged) {
  const std::vector<int> ranks{0, 3, 1};
  const auto work = std::get<order::StartRun>(order_from_text(to_text(order::StartRun{5, ranks})));
  EXPECT_EQ(work.run, 5);
  EXPECT_EQ(work.ranks, ranks);
  EXPECT_EQ(std::get<order::PrepareJoin>(order_from_text(to_text(order::PrepareJoin{6}))).run, 6);
  EXPECT_EQ(std::get<order::Join>(order_from_text(to_text(order::Join{ranks}))).ranks, ranks);
  EXPECT_EQ(std::get<order::Regroup>(order_from_text(to_text(order::Regroup{ranks}))).ranks, ranks);
  EXPECT_TRUE(
      std::holds_alternative<order::CancelJoin>(order_from_text(to_text(order::CancelJoin{}))));
  EXPECT_EQ(std::get<order::StopRun>(order_from_text(to_text(order::StopRun{1}))).min_steps, 1);
  EXPECT_TRUE(std::holds_alternative<order::Exit>(order_from_text(to_text(order::Exit{}))));
}

TEST(MessagesTest, ReasonThatIsNotUtf8StillArrives) {
  const auto failed = std::get<report::AttemptFailed>(report_from_text(
      to_text(report::AttemptFailed{results::ExitClass::kData, "caf\xe9.png: truncated"})));
  EXPECT_NE(failed.reason.find(".png: truncated"), std::string::npos);
}

TEST(MessagesTest, UnknownKindIsRefused) {
  EXPECT_THROW(report_from_text(R"({"kind":99,"body":{}})"), Error);
  EXPECT_THROW(order_from_text(R"({"kind":99,"body":{}})"), Error);
  EXPECT_THROW(order_from_text(R"({"kind":0,"body":{"run":1}})"), Error);
}

}  // namespace
}  // namespace scgan::sweeps
