#include "sweeps/run/messages.h"

#include <gtest/gtest.h>

#include "core/base/error.h"

namespace scgan::sweeps {
namespace {

TEST(MessagesTest, EveryKindSurvivesTheWay) {
  results::AttemptStart start{"0123456789abcdef", "host \"a\"", "cpu: x", 4, 12, "{}", "canonical"};
  const auto begun = std::get<AttemptBegun>(report_from_text(to_text(AttemptBegun{start, 99})));
  EXPECT_EQ(begun.attempt.host, "host \"a\"");
  EXPECT_EQ(begun.attempt.ranks, 4);
  EXPECT_EQ(begun.total_steps, 99);

  const auto steps =
      std::get<StepsDone>(report_from_text(to_text(StepsDone{7, 0.1, 1e-300, {{7, "d_a", 0.3}}})));
  EXPECT_EQ(steps.g_loss, 0.1);  // to the last bit
  EXPECT_EQ(steps.d_loss, 1e-300);
  EXPECT_EQ(steps.losses.at(0).value, 0.3);

  results::Metric metric{"fid", "AtoB", 3, 1.0 / 3, 10, 11, "e", "d", "p"};
  const auto done =
      std::get<AttemptDone>(report_from_text(to_text(AttemptDone{3, {metric}, {{"a/b", "00"}}})));
  EXPECT_EQ(done.metrics.at(0).value, 1.0 / 3);
  EXPECT_EQ(done.metrics.at(0).n_fake, 11);
  EXPECT_EQ(done.artifacts.at(0).path, "a/b");

  const auto failed = std::get<AttemptFailed>(
      report_from_text(to_text(AttemptFailed{results::ExitClass::kNonFinite, "loss is nan"})));
  EXPECT_EQ(failed.exit_class, results::ExitClass::kNonFinite);
  EXPECT_EQ(std::get<AttemptStopped>(report_from_text(to_text(AttemptStopped{5}))).step, 5);
  const auto broken = std::get<JobBroken>(
      report_from_text(to_text(JobBroken{3, results::ExitClass::kLost, "it is gone"})));
  EXPECT_EQ(broken.rank, 3);
  EXPECT_EQ(broken.exit_class, results::ExitClass::kLost);
  EXPECT_EQ(broken.reason, "it is gone");
  EXPECT_EQ(std::get<Widening>(report_from_text(to_text(Widening{8}))).step, 8);
  EXPECT_TRUE(std::holds_alternative<Scoring>(report_from_text(to_text(Scoring{}))));
  EXPECT_TRUE(std::holds_alternative<Free>(report_from_text(to_text(Free{}))));
  EXPECT_EQ(std::get<Ready>(report_from_text(to_text(Ready{3}))).run, 3);
  const auto cannot = std::get<CannotJoin>(report_from_text(to_text(CannotJoin{3, "no memory"})));
  EXPECT_EQ(cannot.run, 3);
  EXPECT_EQ(cannot.reason, "no memory");
}

TEST(MessagesTest, EveryOrderSurvivesTheWay) {
  const std::vector<int> ranks{0, 3, 1};
  const auto work = std::get<Work>(order_from_text(to_text(Work{5, ranks})));
  EXPECT_EQ(work.run, 5);
  EXPECT_EQ(work.ranks, ranks);
  EXPECT_EQ(std::get<Prepare>(order_from_text(to_text(Prepare{6}))).run, 6);
  EXPECT_EQ(std::get<Join>(order_from_text(to_text(Join{ranks}))).ranks, ranks);
  EXPECT_EQ(std::get<Widen>(order_from_text(to_text(Widen{ranks}))).ranks, ranks);
  EXPECT_TRUE(std::holds_alternative<Dismiss>(order_from_text(to_text(Dismiss{}))));
  EXPECT_TRUE(std::holds_alternative<Stop>(order_from_text(to_text(Stop{}))));
  EXPECT_TRUE(std::holds_alternative<Leave>(order_from_text(to_text(Leave{}))));
}

TEST(MessagesTest, ReasonThatIsNoUtf8StillArrives) {
  const auto failed = std::get<AttemptFailed>(report_from_text(
      to_text(AttemptFailed{results::ExitClass::kData, "caf\xe9.png: truncated"})));
  EXPECT_NE(failed.reason.find(".png: truncated"), std::string::npos);
}

TEST(MessagesTest, UnknownKindIsRefused) {
  EXPECT_THROW(report_from_text(R"({"kind":99,"body":{}})"), Error);
  EXPECT_THROW(order_from_text(R"({"kind":99,"body":{}})"), Error);
  EXPECT_THROW(order_from_text(R"({"kind":0,"body":{"run":1}})"), Error);
}

}  // namespace
}  // namespace scgan::sweeps
