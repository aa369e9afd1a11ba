#include "sweeps/run/stored_progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "results/store/result_store.h"
#include "tests/support/temp_dir.h"

namespace scgan::sweeps {
namespace {

using testing::ElementsAre;

// Four runs: one done, one with a loss curve at step 25 of 100, one that has just started, one to
// do.
class StoredProgressTest : public testing::Test {
 protected:
  StoredProgressTest() {
    std::vector<results::PlannedRun> runs;
    for (const char* id : {"r0", "r1", "r2", "r3"}) {
      runs.push_back({.id = id,
                      .variant = runs.empty() ? "cyclegan" : "scgan",
                      .percentage = 40,
                      .seed = std::ssize(runs),
                      .dataset = "d",
                      .data_digest = "x",
                      .spec = R"({"train.batch_size": 8})",
                      .total_steps = 100});
    }
    store_.plan({"fig3", "", "[]", "test"}, runs);
    store_.finish(begin("r0", 1), 100, "{}", {}, {});
    const int64_t attempt = begin("r1", 1);
    begin("r2", 1);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // its speed is finite
    store_.add_losses("r1", {{10, "g_adv_a", 1},
                             {10, "cycle_a", 2},
                             {10, "d_a", 4},
                             {20, "g_adv_a", 2},
                             {20, "ssl_b", 8}});
    store_.set_progress(attempt, 25);
    store_.add_regrouping(attempt, 20, 4, "h x4");
  }
  int64_t begin(const std::string& run, int ranks) {
    return store_.begin_attempt({.run_id = run,
                                 .hosts = "h",
                                 .device = "cpu: x",
                                 .ranks = ranks,
                                 .versions = "{}",
                                 .reduction = "canonical"});
  }
  SweepProgress progress() {
    return stored_progress("fig3", store_.runs(), {folder_.path().string()});
  }

  TempDir folder_;
  results::ResultStore store_ = results::ResultStore::open(folder_.path() / "results.db");
};

TEST_F(StoredProgressTest, RunsAreCountedAndTheRunningOnesShown) {
  const SweepProgress now = progress();
  EXPECT_EQ(now.name, "fig3");
  EXPECT_EQ(now.done, 1);
  EXPECT_EQ(now.waiting, 1);
  EXPECT_EQ(now.running, 2);
  EXPECT_EQ(now.ranks, 5);
  const GroupProgress& training = now.groups.at(0);
  EXPECT_EQ(training.run, "scgan 40 % seed 1");
  EXPECT_EQ(training.ranks, 4);
  EXPECT_EQ(training.step, 25);
  EXPECT_EQ(training.total_steps, 100);
  EXPECT_EQ(training.images_per_step, 16);
  EXPECT_THAT(training.g_curve, ElementsAre(3, 2));
  EXPECT_THAT(training.d_curve, ElementsAre(4, 8));
  EXPECT_EQ(training.d_loss, 8);
  EXPECT_GT(training.steps_per_second, 0);
  EXPECT_EQ(now.groups.at(1).steps_per_second, 0);
  ASSERT_TRUE(now.training_seconds);
}

// 75, 100 and 100 steps are left, for five ranks.
TEST_F(StoredProgressTest, TimeLeftFollowsFromTheSpeedsInTheStore) {
  const SweepProgress now = progress();
  const double seconds_per_step = 4 / now.groups.at(0).steps_per_second;
  EXPECT_DOUBLE_EQ(*now.training_seconds, 275 * seconds_per_step / 5);
}

}  // namespace
}  // namespace scgan::sweeps
