// The coordinator's orders, and what it stores, for what the ranks of a fake world report.
#include "sweeps/run/coordinator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <optional>

#include "core/base/exit_code.h"
#include "fake_mailbox.h"
#include "tests/support/temp_dir.h"
#include "tiny_plan.h"

namespace scgan::sweeps {
namespace {

using results::ExitClass;
using results::RunState;
using testing::ElementsAre;

results::Metric score(double value) {
  return {.name = "fid",
          .direction = "AtoB",
          .step = 2,
          .value = value,
          .n_real = 4,
          .n_fake = 4,
          .extractor = "e",
          .extractor_digest = "d",
          .preprocessing = "p"};
}

class CoordinatorTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    setenv("SCGAN_WORTH_JOINING_SECONDS", "0", 1);
    plan_ = tiny_plan("out", {"sweep.seeds=[0, 1, 2]"});
  }
  static void TearDownTestSuite() { unsetenv("SCGAN_WORTH_JOINING_SECONDS"); }

  // Starts the first `runs` of the plan on `ranks` ranks.
  void start(int runs, int ranks) {
    job_ = plan_;
    job_.runs.resize(static_cast<size_t>(runs));
    std::vector<results::PlannedRun> records;
    std::vector<int> waiting;
    for (int run = 0; run < runs; ++run) {
      records.push_back(job_.runs[static_cast<size_t>(run)].record);
      waiting.push_back(run);
    }
    store_.plan({"tiny", "", "[]", "test"}, records);
    for (int rank = 0; rank < ranks; ++rank) ranks_.emplace_back(office_, rank);
    Coordinator::Options options{.quiet = true,
                                 .time_is_up = [this] { return time_is_up_.load(); },
                                 .stop_signalled = [this] { return signalled_.load(); },
                                 .abort_job = [this](int code) { aborted_with_ = code; }};
    coordinator_.emplace(job_, waiting, store_.runs(),
                         Devices(static_cast<size_t>(ranks), "cpu: x"), ranks_[0], store_,
                         std::move(options));
  }

  const FakeMailbox& rank(int rank) const { return ranks_.at(static_cast<size_t>(rank)); }
  void report(int rank, const Report& report) const { this->rank(rank).report(report); }

  template <typename Expected>
  Expected expect_order(int to) const {
    const Order order = rank(to).order();
    EXPECT_TRUE(std::holds_alternative<Expected>(order)) << "rank " << to << ": " << to_text(order);
    return std::holds_alternative<Expected>(order) ? std::get<Expected>(order) : Expected{};
  }

  // The rank receives StartRun and reports that it leads the attempt.
  void expect_start(int leader, int run, const std::vector<int>& ranks) const {
    for (const int each : ranks) {
      const auto order = expect_order<order::StartRun>(each);
      EXPECT_EQ(order.run, run);
      EXPECT_EQ(order.ranks, ranks);
    }
    report(leader, report::AttemptStarted{{id(run), "host", "cpu: x",
                                           static_cast<int>(ranks.size()), 0, "{}", "canonical"},
                                          2});
  }
  void finish_run(int leader) const {
    report(leader, report::Scoring{});
    report(leader, report::AttemptDone{2, "{}", {score(7.5)}, {}});
    report(leader, report::RankFree{});
  }
  void fail_run(int leader, ExitClass exit_class) const {
    report(leader, report::AttemptFailed{exit_class, "its reason"});
    report(leader, report::RankFree{});
  }
  SweepOutcome expect_exit() {
    for (int each = 0; each < static_cast<int>(ranks_.size()); ++each) {
      expect_order<order::Exit>(each);
    }
    return coordinator_->finish();
  }
  const std::string& id(int run) const { return job_.runs.at(static_cast<size_t>(run)).record.id; }
  std::vector<ExitClass> ends(int run) const {
    std::vector<ExitClass> classes;
    for (const auto& ended : store_.run(id(run)).ended_attempts) {
      classes.push_back(ended.exit_class);
    }
    return classes;
  }

  static inline JobPlan plan_;
  TempDir folder_;
  results::ResultStore store_ = results::ResultStore::open(folder_.path() / "results.db");
  PostOffice office_;
  std::deque<FakeMailbox> ranks_;
  JobPlan job_;
  std::atomic<bool> signalled_{false}, time_is_up_{false};
  std::atomic<int> aborted_with_{0};
  std::optional<Coordinator> coordinator_;
};

TEST_F(CoordinatorTest, RunsStartInOrderAndTheirResultsAreStored) {
  start(3, 1);
  for (const int run : {0, 1, 2}) {
    expect_start(0, run, {0});
    report(0, report::Progress{1, 0.5, 0.25, {{1, "d_a", 0.5}}, {}});
    finish_run(0);
  }
  const SweepOutcome outcome = expect_exit();
  EXPECT_EQ(outcome.done, 3);
  EXPECT_EQ(outcome.failed + outcome.left, 0);
  for (const results::StoredRun& run : store_.runs()) {
    EXPECT_EQ(run.state, RunState::kDone);
    EXPECT_EQ(run.metrics.at(0).value, 7.5);
    EXPECT_EQ(store_.losses(run.plan.id).size(), 1);
  }
}

TEST_F(CoordinatorTest, WithoutRunsToDoAllRanksExitAtOnceEvenIfAStopWasRequested) {
  signalled_ = time_is_up_ = true;
  start(0, 2);
  EXPECT_EQ(expect_exit().left, 0);
}

TEST_F(CoordinatorTest, AFreeRankJoinsTheLastRun) {
  start(2, 2);
  expect_start(0, 0, {0});
  expect_start(1, 1, {1});
  finish_run(1);
  report(0, report::Progress{1, 0.5, 0.25, {}, {}});  // its speed is known
  EXPECT_EQ(expect_order<order::PrepareJoin>(1).run, 0);
  report(1, report::JoinReady{0});
  EXPECT_THAT(expect_order<order::Regroup>(0).ranks, ElementsAre(0, 1));
  report(0, report::Regrouping{1, "host x2"});
  EXPECT_THAT(expect_order<order::Join>(1).ranks, ElementsAre(0, 1));
  finish_run(0);
  report(1, report::RankFree{});
  EXPECT_EQ(expect_exit().done, 2);
}

TEST_F(CoordinatorTest, ARankThatPreparesForARunThatEndsIsFreeAndItsLateAnswerIsIgnored) {
  start(2, 2);
  expect_start(0, 0, {0});
  expect_start(1, 1, {1});
  finish_run(1);
  report(0, report::Progress{1, 0.5, 0.25, {}, {}});
  expect_order<order::PrepareJoin>(1);
  finish_run(0);
  expect_order<order::CancelJoin>(1);
  report(1, report::JoinReady{0});
  EXPECT_EQ(expect_exit().done, 2);
}

TEST_F(CoordinatorTest, ARankThatCannotJoinDoesNotDisturbTheRun) {
  start(2, 2);
  expect_start(0, 0, {0});
  expect_start(1, 1, {1});
  finish_run(1);
  report(0, report::Progress{1, 0.5, 0.25, {}, {}});
  expect_order<order::PrepareJoin>(1);
  report(1, report::JoinFailed{0, "no memory"});
  finish_run(0);
  EXPECT_EQ(expect_exit().done, 2);
}

TEST_F(CoordinatorTest, AFailureOfUnknownCauseIsTriedOnceMoreAfterTheOtherRuns) {
  start(2, 1);
  expect_start(0, 0, {0});
  fail_run(0, ExitClass::kUnknown);
  expect_start(0, 1, {0});
  finish_run(0);
  expect_start(0, 0, {0});
  fail_run(0, ExitClass::kUnknown);
  const SweepOutcome outcome = expect_exit();
  EXPECT_EQ(outcome.done, 1);
  EXPECT_EQ(outcome.failed, 1);
  EXPECT_EQ(store_.run(id(0)).state, RunState::kFailed);
  EXPECT_EQ(store_.run(id(0)).reason, "its reason");
}

TEST_F(CoordinatorTest, AFailureThatWouldHappenAgainIsNotTriedAgain) {
  start(1, 1);
  expect_start(0, 0, {0});
  fail_run(0, ExitClass::kNonFinite);
  EXPECT_EQ(expect_exit().failed, 1);
  EXPECT_THAT(ends(0), ElementsAre(ExitClass::kNonFinite));
}

TEST_F(CoordinatorTest, ARunThatMayFitOnFewerRanksIsTriedOnTheFewest) {
  start(1, 2);
  expect_start(0, 0, {0, 1});
  report(1, report::RankFree{});
  fail_run(0, ExitClass::kOutOfMemoryMayFit);
  expect_start(0, 0, {0});
  report(0, report::Progress{1, 0.5, 0.25, {}, {}});  // rank 1 does not join
  finish_run(0);
  EXPECT_EQ(expect_exit().done, 1);
  EXPECT_THAT(ends(0), ElementsAre(ExitClass::kOutOfMemoryMayFit, ExitClass::kDone));
}

TEST_F(CoordinatorTest, ASignalStopsTheRunAndTheRestWaits) {
  start(3, 1);
  expect_start(0, 0, {0});
  signalled_ = true;
  EXPECT_EQ(expect_order<order::StopRun>(0).min_steps, 0);
  report(0, report::AttemptStopped{1});
  report(0, report::RankFree{});
  EXPECT_EQ(expect_exit().left, 3);
  EXPECT_EQ(store_.run(id(0)).state, RunState::kPlanned);
  EXPECT_THAT(ends(0), ElementsAre(ExitClass::kStopped));
}

TEST_F(CoordinatorTest, ASignalThatAnIdleRankReportsStopsTheOthers) {
  start(3, 2);
  expect_start(0, 0, {0});
  expect_start(1, 1, {1});
  report(1, report::StopSignalled{});  // on its way to be free
  finish_run(1);
  expect_order<order::StopRun>(0);
  EXPECT_EQ(expect_order<order::StopRun>(1).min_steps, 0);  // too late for its run
  report(0, report::AttemptStopped{0});
  report(0, report::RankFree{});
  const SweepOutcome outcome = expect_exit();
  EXPECT_EQ(outcome.done, 1);
  EXPECT_EQ(outcome.left, 2);
}

TEST_F(CoordinatorTest, AStopOfOneRunStopsTheOthers) {
  start(3, 2);
  expect_start(0, 0, {0});
  expect_start(1, 1, {1});
  report(1, report::AttemptStopped{1});
  report(1, report::RankFree{});
  expect_order<order::StopRun>(0);
  expect_order<order::StopRun>(1);
  report(0, report::AttemptStopped{1});
  report(0, report::RankFree{});
  EXPECT_EQ(expect_exit().left, 3);
}

TEST_F(CoordinatorTest, ARunThatFailsWhileTheSweepStopsWaitsForTheNextJob) {
  start(1, 1);
  expect_start(0, 0, {0});
  signalled_ = true;
  expect_order<order::StopRun>(0);
  fail_run(0, ExitClass::kUnknown);
  EXPECT_EQ(expect_exit().left, 1);
}

TEST_F(CoordinatorTest, AJobPastItsDeadlineTrainsOneStepInAll) {
  time_is_up_ = true;
  start(3, 2);
  expect_start(0, 0, {0});
  EXPECT_EQ(expect_order<order::StopRun>(0).min_steps, 1);
  report(0, report::Progress{1, 0.5, 0.25, {}, {}});
  report(0, report::AttemptStopped{1});
  report(0, report::RankFree{});
  expect_order<order::StopRun>(0);  // it has made progress: too late for its run
  EXPECT_EQ(expect_exit().left, 3);
}

// Runs that end before a second step boundary, or before the first.
TEST_F(CoordinatorTest, AJobPastItsDeadlineStartsNoRunAfterOneThatEnded) {
  time_is_up_ = true;
  start(3, 1);
  expect_start(0, 0, {0});
  expect_order<order::StopRun>(0);
  fail_run(0, ExitClass::kData);
  expect_order<order::StopRun>(0);
  const SweepOutcome outcome = expect_exit();
  EXPECT_EQ(outcome.failed, 1);
  EXPECT_EQ(outcome.left, 2);
}

TEST_F(CoordinatorTest, ADeadlineDuringARunThatIsNotStoppedAnyMoreStopsTheSweep) {
  start(3, 1);
  expect_start(0, 0, {0});
  time_is_up_ = true;
  EXPECT_EQ(expect_order<order::StopRun>(0).min_steps, 1);
  finish_run(0);
  EXPECT_EQ(expect_order<order::StopRun>(0).min_steps, 0);  // its result is the job's progress
  const SweepOutcome outcome = expect_exit();
  EXPECT_EQ(outcome.done, 1);
  EXPECT_EQ(outcome.left, 2);
}

TEST_F(CoordinatorTest, AtTheDeadlineOnlyOneOfTheRunningGroupsOwesAStep) {
  start(2, 2);
  expect_start(0, 0, {0});
  expect_start(1, 1, {1});
  time_is_up_ = true;
  EXPECT_EQ(expect_order<order::StopRun>(0).min_steps, 1);
  EXPECT_EQ(expect_order<order::StopRun>(1).min_steps, 0);
  for (const int each : {1, 0}) {
    report(each, report::AttemptStopped{1 - each});
    report(each, report::RankFree{});
  }
  EXPECT_EQ(coordinator_->finish().left, 2);
}

TEST_F(CoordinatorTest, AnErrorThatEndsTheJobIsStoredInTheAttemptOfItsRank) {
  start(2, 2);
  expect_start(0, 0, {0});
  expect_start(1, 1, {1});
  report(0, report::JobFailed{1, ExitClass::kLost, "rank 1 is gone"});
  for (const int each : {0, 1}) {
    if (each == 0) report(each, report::AttemptStopped{0});
    report(each, report::RankFree{});
  }
  coordinator_->finish();
  EXPECT_EQ(aborted_with_, kExitLost);
  EXPECT_THAT(ends(0), ElementsAre(ExitClass::kStopped));
  EXPECT_THAT(ends(1), ElementsAre(ExitClass::kLost));
  EXPECT_EQ(store_.run(id(1)).reason, "rank 1 is gone");
}

// Happens when a rank has no memory for the communicator of its group.
TEST_F(CoordinatorTest, AnErrorBeforeTheAttemptWasReportedIsStoredToo) {
  start(1, 2);
  for (const int each : {0, 1}) expect_order<order::StartRun>(each);
  report(1, report::JobFailed{1, ExitClass::kOutOfMemoryMayFit, "no memory for NCCL"});
  for (const int each : {0, 1}) report(each, report::RankFree{});
  coordinator_->finish();
  EXPECT_EQ(aborted_with_, kExitLost);
  EXPECT_THAT(ends(0), ElementsAre(ExitClass::kOutOfMemoryMayFit));
  EXPECT_EQ(store_.run(id(0)).reason, "no memory for NCCL");
  EXPECT_EQ(store_.last_device(id(0)), "cpu: x");
}

TEST_F(CoordinatorTest, AStoreThatRefusesAResultEndsTheJob) {
  start(1, 1);
  expect_start(0, 0, {0});
  report(0, report::AttemptDone{2, "{}", {score(7.5), score(7.5)}, {}});
  coordinator_->finish();
  EXPECT_EQ(aborted_with_, kExitLost);
}

}  // namespace
}  // namespace scgan::sweeps
