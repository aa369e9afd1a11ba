#include "results/store/result_store.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "results/store/schema.h"
#include "results/store/sqlite.h"
#include "tests/results/sample_store.h"
#include "tests/support/temp_dir.h"

namespace scgan::results {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ResultStoreTest : public testing::Test {
 protected:
  ResultStoreTest() : store_(ResultStore::open(file())) { store_.plan(sample_sweep(), plan_); }

  std::filesystem::path file() const { return folder_.path() / "results.db"; }

  void finish(const std::string& run_id) {
    store_.finish(store_.begin_attempt(attempt_on(run_id)), 40, kInput, {metric("fid", 12.5)},
                  {{"runs/" + run_id + "/netG_A.safetensors", std::string(64, 'a')}});
  }

  TempDir folder_;
  std::vector<PlannedRun> plan_ = {planned_run("r1", "cyclegan", 50, 1),
                                   planned_run("r2", "scgan", 50, 1)};
  ResultStore store_;
};

TEST_F(ResultStoreTest, ReadsBackWhatWasWritten) {
  plan_[0].axes = R"({"train.learning_rate":0.0002})";
  plan_.push_back(planned_run("r0", "scgan", 12.5, 7));
  store_.plan(sample_sweep(), plan_);
  finish("r1");

  const ResultStore again = ResultStore::open_read_only(file());
  EXPECT_EQ(again.sweep().text, "name: cells\n");
  EXPECT_EQ(again.sweep().version, "scgan_sweep 0.1.0");
  const std::vector<StoredRun> runs = again.runs();
  ASSERT_EQ(runs.size(), 3);
  EXPECT_EQ(runs[0].plan.axes, R"({"train.learning_rate":0.0002})");
  EXPECT_EQ(runs[0].state, RunState::kDone);
  EXPECT_EQ(runs[0].attempts, 1);
  EXPECT_EQ(runs[0].last_step, 40);
  EXPECT_EQ(runs[0].device, "cpu: test");
  EXPECT_EQ(runs[0].reduction, "canonical");
  ASSERT_EQ(runs[0].metrics.size(), 1);
  EXPECT_EQ(runs[0].metrics[0].value, 12.5);
  EXPECT_EQ(runs[0].metrics[0].n_fake, 32);
  EXPECT_EQ(runs[0].metrics[0].preprocessing, "uint8 RGB 64 px");
  ASSERT_EQ(runs[0].artifacts.size(), 1);
  EXPECT_EQ(runs[0].artifacts[0].path, "runs/r1/netG_A.safetensors");
  EXPECT_TRUE(runs[0].artifacts[0].kept);
  EXPECT_EQ(runs[1].state, RunState::kPlanned);
  EXPECT_EQ(runs[2].plan.id, "r0");
  EXPECT_EQ(runs[2].plan.percentage, 12.5);
  EXPECT_EQ(runs[2].plan.seed, 7);
  EXPECT_EQ(runs[2].plan.total_steps, 40);
}

TEST_F(ResultStoreTest, ARunToRedoIsPlannedWithoutResultsAndCanFinishAgain) {
  finish("r1");
  finish("r2");
  store_.redo({"r1"});
  EXPECT_EQ(store_.state("r1"), RunState::kPlanned);
  EXPECT_TRUE(store_.run("r1").metrics.empty());
  EXPECT_TRUE(store_.run("r1").artifacts.empty());
  EXPECT_EQ(store_.run("r2").metrics.size(), 1);
  store_.plan(sample_sweep(), plan_);  // the next job
  EXPECT_EQ(store_.state("r1"), RunState::kPlanned);
  finish("r1");
  EXPECT_EQ(store_.state("r1"), RunState::kDone);
  EXPECT_EQ(store_.run("r1").metrics.size(), 1);
}

TEST_F(ResultStoreTest, KeepsWhichRanksJoinedAnAttempt) {
  const int64_t attempt = store_.begin_attempt(attempt_on("r1"));
  store_.add_regrouping(attempt, 7, 2, "node1 x2");
  store_.add_regrouping(attempt, 12, 4, "node1 x4");
  store_.add_regrouping(attempt, 12, 8, "node1 x4, node2 x4");  // before the next step
  Database database = Database::open_read_only(file());
  Statement read(database, "SELECT attempt_id, step, ranks FROM regrouping ORDER BY step");
  std::vector<std::vector<int64_t>> rows;
  while (read.step()) rows.push_back({read.integer(0), read.integer(1), read.integer(2)});
  EXPECT_EQ(rows, (std::vector<std::vector<int64_t>>{{attempt, 7, 2}, {attempt, 12, 8}}));
  Statement hosts(database, "SELECT hosts FROM regrouping WHERE step = 12");
  ASSERT_TRUE(hosts.step());
  EXPECT_EQ(hosts.text(0), "node1 x4, node2 x4");
}

// Steps 10 to 15 twice.
TEST_F(ResultStoreTest, CountsTheStepsOfAllAttemptsAndKnowsWhereTheyBegan) {
  store_.interrupt(store_.begin_attempt(attempt_on("r1")), ExitClass::kStopped, 15, "stopped");
  store_.interrupt(store_.begin_attempt(attempt_on("r1", 10)), ExitClass::kStopped, 20, "stopped");
  EXPECT_EQ(store_.run("r1").trained_steps, 25);
  const auto begins = store_.attempts("r1");
  ASSERT_EQ(begins.size(), 2);
  EXPECT_EQ(begins[0].first_step, 0);
  EXPECT_EQ(begins[1].first_step, 10);
  Database database = Database::open_read_only(file());
  EXPECT_EQ(begins[1].started_ms, database.integer("SELECT max(started_ms) FROM attempt"));
}

TEST_F(ResultStoreTest, ReturnsTheDeviceOfTheLastAttempt) {
  EXPECT_EQ(store_.last_device("r1"), "");
  for (const char* device : {"cpu: first", "cpu: second"}) {
    auto attempt = attempt_on("r1");
    attempt.device = device;
    store_.interrupt(store_.begin_attempt(attempt), ExitClass::kStopped, 2, "stopped");
    EXPECT_EQ(store_.last_device("r1"), device);
  }
}

TEST_F(ResultStoreTest, EmptyFileIsNotAStore) {
  const auto empty = folder_.path() / "empty.db";
  EXPECT_FALSE(ResultStore::exists(empty));
  std::ofstream(empty).close();
  EXPECT_FALSE(ResultStore::exists(empty));
  EXPECT_THROW(ResultStore::open_read_only(empty), Error);
  ResultStore::open(empty);
  EXPECT_TRUE(ResultStore::exists(empty));
}

TEST_F(ResultStoreTest, KeepsScoresDuringTrainingApartFromTheFinalOnes) {
  const int64_t attempt = store_.begin_attempt(attempt_on("r1"));
  for (const int64_t step : {10, 20, 40}) {
    Metric score = metric("fid", static_cast<double>(100 - step));
    score.step = step;
    store_.add_scores("r1", {score});
  }
  store_.finish(attempt, 40, kInput, {metric("fid", 12.5)}, {});
  const std::string training =
      "SELECT step || ' ' || value FROM metric WHERE phase = 'training' ORDER BY step";
  EXPECT_THAT(rows(file(), training), ElementsAre("10 90.0", "20 80.0", "40 60.0"));
  ASSERT_EQ(store_.run("r1").metrics.size(), 1);
  EXPECT_EQ(store_.run("r1").metrics[0].value, 12.5);
  const auto scores = store_.scores("r1");
  ASSERT_EQ(scores.size(), 3);
  EXPECT_EQ(scores[1].step, 20);
  EXPECT_EQ(scores[1].value, 80);
  EXPECT_EQ(scores[1].extractor, "random_conv");
  EXPECT_TRUE(store_.scores("r2").empty());
}

TEST_F(ResultStoreTest, ScoresAfterTheResumedStepAreDeleted) {
  store_.begin_attempt(attempt_on("r1"));
  for (const int64_t step : {10, 20}) {
    Metric score = metric("fid", 50);
    score.step = step;
    store_.add_scores("r1", {score});
  }
  store_.plan(sample_sweep(), plan_);
  store_.begin_attempt(attempt_on("r1", 10));
  EXPECT_THAT(rows(file(), "SELECT step FROM metric"), ElementsAre("10"));
}

TEST_F(ResultStoreTest, NotesOnDataAreThoseOfTheLastStart) {
  const std::string digest = store_.run("r1").plan.data_digest;
  store_.set_data_notes({{digest, "b"}, {digest, "a"}, {"of an earlier plan", "c"}});
  EXPECT_EQ(store_.data_notes(), (std::vector<DataNote>{{digest, "b"}, {digest, "a"}}));
  store_.set_data_notes({});
  EXPECT_THAT(store_.data_notes(), testing::IsEmpty());
}

TEST_F(ResultStoreTest, FinishIsAllOrNothing) {
  const int64_t attempt = store_.begin_attempt(attempt_on("r1"));
  Metric wrong = metric("kid", 0.5);
  wrong.direction = "sideways";
  EXPECT_THROW(store_.finish(attempt, 40, kInput, {metric("fid", 12.5), wrong}, {}), Error);
  EXPECT_EQ(store_.state("r1"), RunState::kRunning);
  EXPECT_TRUE(store_.runs()[0].metrics.empty());
  EXPECT_EQ(store_.runs()[0].last_step, 0);
  store_.finish(attempt, 40, kInput, {metric("fid", 12.5)}, {});
  EXPECT_EQ(store_.state("r1"), RunState::kDone);
}

TEST_F(ResultStoreTest, RefusesAMetricThatIsNotFinite) {
  const int64_t attempt = store_.begin_attempt(attempt_on("r1"));
  for (const double value : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    EXPECT_THROW(store_.finish(attempt, 40, kInput, {metric("fid", value)}, {}), Error);
  }
}

TEST_F(ResultStoreTest, PlanningAgainKeepsResults) {
  finish("r1");
  store_.plan(sample_sweep(), {planned_run("r3", "scgan", 100, 1), plan_[0]});
  const std::vector<StoredRun> runs = store_.runs();
  ASSERT_EQ(runs.size(), 2);  // r2 is no longer planned
  EXPECT_EQ(runs[0].plan.id, "r3");
  EXPECT_EQ(runs[1].state, RunState::kDone);
  EXPECT_EQ(runs[1].metrics.size(), 1);
}

TEST_F(ResultStoreTest, RunThatIsPlannedAgainHasItsResult) {
  finish("r2");
  store_.plan(sample_sweep(), {plan_[0]});
  EXPECT_EQ(store_.runs().size(), 1);
  ASSERT_EQ(store_.all_runs().size(), 2);
  EXPECT_EQ(store_.all_runs()[1].state, RunState::kDone);
  store_.plan(sample_sweep(), plan_);
  EXPECT_EQ(store_.runs()[1].state, RunState::kDone);
}

TEST_F(ResultStoreTest, PlanWithARunTwiceChangesNothing) {
  EXPECT_THROW(store_.plan(sample_sweep(), {plan_[1], plan_[1]}), Error);
  EXPECT_EQ(store_.runs().size(), 2);
}

TEST_F(ResultStoreTest, OpenAttemptsOfAKilledJobAreClosedAsKilled) {
  const int64_t attempt = store_.begin_attempt(attempt_on("r1"));
  store_.set_progress(attempt, 23);
  ResultStore next = ResultStore::open(file());
  next.plan(sample_sweep(), plan_);
  const StoredRun run = next.runs()[0];
  EXPECT_EQ(run.state, RunState::kPlanned);
  EXPECT_EQ(run.last_exit, ExitClass::kKilled);
  EXPECT_EQ(run.last_step, 23);
  EXPECT_THROW(next.finish(attempt, 40, kInput, {}, {}), Error);  // it is closed
  EXPECT_NO_THROW(next.begin_attempt(attempt_on("r1", 20)));
  EXPECT_EQ(next.runs()[0].attempts, 2);
}

TEST_F(ResultStoreTest, FailedRunStaysFailedUntilItIsTriedAgain) {
  store_.fail(store_.begin_attempt(attempt_on("r1")), ExitClass::kNonFinite, "loss d_a is NaN");
  store_.plan(sample_sweep(), plan_);
  EXPECT_EQ(store_.state("r1"), RunState::kFailed);
  EXPECT_EQ(store_.runs()[0].reason, "loss d_a is NaN");
  EXPECT_EQ(store_.runs()[0].last_exit, ExitClass::kNonFinite);
  store_.begin_attempt(attempt_on("r1"));
  EXPECT_EQ(store_.state("r1"), RunState::kRunning);
}

TEST_F(ResultStoreTest, RunIsTriedTwiceAfterAnUnknownFault) {
  EXPECT_EQ(store_.fail(store_.begin_attempt(attempt_on("r1")), ExitClass::kUnknown, "odd"),
            RunState::kPlanned);
  EXPECT_EQ(store_.fail(store_.begin_attempt(attempt_on("r1")), ExitClass::kUnknown, "odd"),
            RunState::kFailed);
  ASSERT_EQ(store_.run("r1").ended_attempts.size(), 2);
  EXPECT_EQ(store_.run("r1").ended_attempts[1].reason, "odd");
  EXPECT_EQ(store_.state("r2"), RunState::kPlanned);
}

TEST_F(ResultStoreTest, RunThatWasOpenInTwentyLostJobsIsFailed) {
  for (int job = 1; job <= 20; ++job) {
    ASSERT_EQ(store_.state("r1"), RunState::kPlanned) << job;
    store_.begin_attempt(attempt_on("r1"));
    store_.plan(sample_sweep(), plan_);
  }
  EXPECT_EQ(store_.state("r1"), RunState::kFailed);
  EXPECT_EQ(store_.state("r2"), RunState::kPlanned);
}

TEST_F(ResultStoreTest, InterruptedRunIsPlannedAgain) {
  store_.interrupt(store_.begin_attempt(attempt_on("r1")), ExitClass::kStopped, 11,
                   "stop requested");
  const StoredRun run = store_.runs()[0];
  EXPECT_EQ(run.state, RunState::kPlanned);
  EXPECT_EQ(run.last_step, 11);
  EXPECT_EQ(run.reason, "stop requested");
}

TEST_F(ResultStoreTest, DoneOrRunningRunCannotBeginAnAttempt) {
  finish("r1");
  EXPECT_THROW(store_.begin_attempt(attempt_on("r1")), Error);
  store_.begin_attempt(attempt_on("r2"));
  EXPECT_THROW(store_.begin_attempt(attempt_on("r2")), Error);
  EXPECT_THROW(store_.begin_attempt(attempt_on("unknown")), Error);
}

TEST_F(ResultStoreTest, LossesAfterTheResumedStepAreDeleted) {
  store_.begin_attempt(attempt_on("r1"));
  store_.add_losses("r1", {{10, "d_a", 0.5}, {20, "d_a", 0.25}, {20, "cycle_a", 3}});
  store_.plan(sample_sweep(), plan_);
  store_.begin_attempt(attempt_on("r1", 10));
  store_.add_losses("r1", {{20, "d_a", std::nan("")}});
  const std::vector<LossPoint> losses = store_.losses("r1");
  ASSERT_EQ(losses.size(), 2);
  EXPECT_EQ(losses[0].value, 0.5);
  EXPECT_EQ(losses[1].step, 20);
  EXPECT_TRUE(std::isnan(losses[1].value));
}

TEST_F(ResultStoreTest, ReadsWhileAnotherConnectionWrites) {
  finish("r1");
  Database writer = Database::open(file());
  const Transaction transaction(writer);
  writer.execute("UPDATE run SET state = 'failed'");
  const ResultStore reader = ResultStore::open_read_only(file());
  EXPECT_EQ(reader.state("r1"), RunState::kDone);  // uncommitted changes are not visible
  EXPECT_EQ(reader.runs().size(), 2);
}

TEST_F(ResultStoreTest, ReadsAStoreWhoseWriterWasKilledInATransaction) {
  TempDir crashed;
  Database writer = Database::open(file());
  writer.execute("PRAGMA cache_size = 1; PRAGMA cache_spill = 1");
  {
    const Transaction transaction(writer);
    for (int i = 0; i < 200; ++i) {  // more than fits in the cache, so that the file itself changes
      writer.execute("INSERT INTO loss VALUES ('r1', " + std::to_string(i) + ", '" +
                     std::string(500, 'x') + "', 1)");
    }
    writer.execute("UPDATE run SET state = 'failed'");
    for (const std::string name : {"results.db", "results.db-journal"}) {
      std::filesystem::copy_file(folder_.path() / name, crashed.path() / name);
    }
  }
  const ResultStore reader = ResultStore::open_read_only(crashed.path() / "results.db");
  EXPECT_EQ(reader.state("r1"), RunState::kPlanned);
  EXPECT_TRUE(reader.losses("r1").empty());
}

TEST_F(ResultStoreTest, RefusesADatabaseThatIsNotAStore) {
  Database::open(folder_.path() / "other.db").execute("CREATE TABLE something (x INTEGER)");
  EXPECT_THROW(ResultStore::open(folder_.path() / "other.db"), Error);
  EXPECT_THROW(ResultStore::open_read_only(folder_.path() / "other.db"), Error);
}

TEST_F(ResultStoreTest, RefusesAFileThatIsNotADatabase) {
  std::ofstream(folder_.path() / "text.db") << std::string(2000, 'x');
  EXPECT_THROW(ResultStore::open(folder_.path() / "text.db"), Error);
}

TEST_F(ResultStoreTest, RefusesANewerStore) {
  Database::open(file()).execute("PRAGMA user_version = 99");
  try {
    ResultStore::open(file());
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("version 99"));
  }
}

TEST_F(ResultStoreTest, RefusesAFolderThatDoesNotExist) {
  EXPECT_THROW(ResultStore::open(folder_.path() / "absent/results.db"), Error);
  EXPECT_THROW(ResultStore::open_read_only(folder_.path() / "absent.db"), Error);
}

}  // namespace
}  // namespace scgan::results
