#include "sweeps/run/dry_run.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "core/train/checkpoint.h"
#include "core/train/train_state.h"
#include "results/store/result_store.h"
#include "results/store/sqlite.h"
#include "sweeps/run/existing_results.h"
#include "sweeps/run/job_needs.h"
#include "sweeps/run/run_speed.h"
#include "tests/support/temp_dir.h"
#include "tests/sweeps/run/tiny_plan.h"

namespace scgan::sweeps {
namespace {

using results::ExitClass;
using results::ResultStore;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(JobNeedsTest, CheckpointsAndWeightsHaveTheComputedSize) {
  const TempDir folder;
  for (const char* variant : {"cyclegan_diffaug", "scgan"}) {
    const JobPlan plan = tiny_plan(folder.path(), {fmt::format("sweep.variants=[{}]", variant),
                                                   "train.ema_decay=0.9", "train.pool_size=3"});
    const JobRun& run = plan.runs.front();
    const TrainState state(run.spec, at::kCPU);
    int64_t bytes = 0;
    for (const auto& [name, tensor] : state.tensors()) bytes += tensor.numel() * 4;
    bytes += 2 * 3 * 3 * 64 * 64 * 4;  // the pools, which are empty at first
    const RunNeeds needs = needs_of(run, network_sizes(run.spec));
    EXPECT_EQ(needs.removed_bytes, 3 * bytes) << variant;
    int64_t weights = 0;
    for (const auto& [name, tensor] : network_tensors(*state.netG_A)) weights += tensor.numel() * 4;
    // 4 real and 4 translated images of 448 numbers; 2 steps of log and times; the store.
    const int64_t features = 8 * 448 * 4, log = 2 * 365;
    EXPECT_EQ(needs.kept_bytes, 2 * weights + features + log + 100'000) << variant;
    JobRun only_log = run;
    only_log.spec.run.keep = {RunFile::kLog};
    const RunNeeds less = needs_of(only_log, network_sizes(run.spec));
    EXPECT_EQ(less.kept_bytes, log + 100'000) << variant;
    EXPECT_EQ(less.removed_bytes, 3 * bytes + 2 * weights + features) << variant;
  }
}

TEST(JobNeedsTest, AForwardPassKeepsTheMapsOfItsLayers) {
  RunSpec spec;
  spec.data.image_size = 256;
  spec.model.generator_width = 64;
  spec.model.generator_blocks = 9;
  // What autograd saves, layer by layer: channels and sides. 3 x 3 convolutions pad by themselves,
  // and norms apply ReLU.
  std::vector<std::pair<double, double>> maps{{3, 262},   {64, 256}, {64, 256}, {128, 128},
                                              {128, 128}, {256, 64}, {256, 64}};
  for (int block = 0; block < 9; ++block) {
    for (const int side : {64, 64, 64, 64}) maps.emplace_back(256, side);
  }
  const std::vector<std::pair<double, double>> last{{256, 64}, {128, 128}, {128, 128}, {64, 256},
                                                    {64, 256}, {64, 262},  {3, 256}};
  maps.insert(maps.end(), last.begin(), last.end());
  double sum = 0;
  for (const auto& [channels, side] : maps) sum += channels * side * side;
  EXPECT_NEAR(static_cast<double>(generator_activations(spec)) / sum, 1, 0.03);
}

TEST(DryRunTest, TheFirstLineSumsUpAndWarningsFollow) {
  JobEstimate known;
  known.runs = 45;
  known.done = 12;
  known.started = 1;
  known.furthest_step = 300;
  known.to_do = 32;
  known.seconds = 3 * 3600;
  known.disk_bytes = 4'700'000'000;
  known.free_bytes = 210'000'000'000;
  known.memory_bytes = 1'500'000'000;
  known.host_bytes = 8'000'000'000;
  EXPECT_THAT(estimate_lines(known, 4),
              ElementsAre("45 runs: 12 done, 1 at step 300, 32 to do; about 3 h 00 min on 4 ranks; "
                          "4.7 GB of disk (210 GB free); 1.5 GB of memory per rank"));
  known.free_bytes = 4'000'000'000;
  known.host_bytes = 1'000'000'000;
  EXPECT_THAT(estimate_lines(known, 4),
              ElementsAre(HasSubstr("(4.0 GB free)"),
                          HasSubstr("needs 4.7 GB and its file system has 4.0 GB free"),
                          HasSubstr("needs 1.5 GB of memory and this host has 1.0 GB")));
  known.free_bytes = 4'500'000'000;
  EXPECT_FALSE(disk_problem(known).value().is_too_small) << "it might suffice";
  known.free_bytes = 4'200'000'000;
  EXPECT_TRUE(disk_problem(known).value().is_too_small);
  known.free_bytes = 6'000'000'000;
  EXPECT_FALSE(disk_problem(known).has_value());
  known.seconds.reset();
  EXPECT_THAT(estimate_lines(known, 1).front(), HasSubstr("time on 1 rank not known yet"));
  JobEstimate finished;
  finished.runs = finished.done = 1;
  EXPECT_THAT(estimate_lines(finished, 1), ElementsAre("1 run: 1 done"));
}

class StoredSpeedTest : public testing::Test {
 protected:
  // An attempt of the plan's run at `index` that took `seconds`; `joins`: step and ranks from then.
  void add_attempt(size_t index, int ranks, int64_t steps, double seconds, bool is_done,
                   const std::vector<std::pair<int64_t, int>>& joins = {}) {
    {
      ResultStore store = ResultStore::open(file());
      std::vector<results::PlannedRun> records;
      for (const JobRun& run : plan_.runs) records.push_back(run.record);
      store.plan({"tiny", "", "[]", "1"}, records);
      const int64_t attempt = store.begin_attempt(
          {plan_.runs.at(index).record.id, "host", "cpu: x", ranks, 0, "{}", "canonical"});
      for (const auto& [step, more] : joins) store.add_regrouping(attempt, step, more, "host");
      if (is_done) {
        store.finish(attempt, steps, "{}", {}, {});
      } else {
        store.interrupt(attempt, ExitClass::kStopped, steps, "");
      }
    }
    auto database = results::Database::open(file());
    database.execute(fmt::format(
        "UPDATE attempt SET ended_ms = started_ms + {} WHERE id = (SELECT max(id) FROM attempt)",
        static_cast<int64_t>(seconds * 1000)));
  }
  std::filesystem::path file() const { return folder_.path() / "results.db"; }
  std::string id(size_t index) const { return plan_.runs.at(index).record.id; }

  TempDir folder_;
  // Runs of 2 steps.
  JobPlan plan_ = tiny_plan(folder_.path(), {"sweep.seeds=[0, 1, 2]"});
};

TEST_F(StoredSpeedTest, RanksThatJoinedAreCounted) {
  // 100 steps on one rank and 100 on two in 30 s: 0.2 s per step on one rank.
  add_attempt(0, 1, 200, 30, false, {{100, 2}});
  const auto speeds = stored_speeds(file());
  ASSERT_EQ(speeds.size(), 1);
  EXPECT_NEAR(speeds.at(id(0)).seconds_per_step, 0.2, 1e-9);
  EXPECT_FALSE(speeds.at(id(0)).counts_scoring);
}

TEST_F(StoredSpeedTest, RunsOfTheSameSettingsTellTheTimeOfTheOthers) {
  EXPECT_EQ(estimate(plan_, existing_results(plan_).runs, false, 2, std::nullopt).seconds,
            std::nullopt);
  add_attempt(0, 1, 2, 10, true);
  add_attempt(1, 1, 1, 1, false);  // not counted, as it has not scored
  const JobEstimate two = estimate(plan_, existing_results(plan_).runs, false, 2, std::nullopt);
  EXPECT_EQ(two.done, 1);
  EXPECT_EQ(two.to_do, 2);
  EXPECT_TRUE(two.counts_scoring);
  // Two runs of 2 steps of 5 s each on two ranks.
  EXPECT_NEAR(two.seconds.value(), 10, 1e-9);
  // On 8 ranks, each run takes at least its time on the 2 ranks that can share it.
  EXPECT_NEAR(estimate(plan_, existing_results(plan_).runs, false, 8, std::nullopt).seconds.value(),
              5, 1e-9);
}

TEST_F(StoredSpeedTest, StepsOfACheckpointAreNotCountedAgain) {
  add_attempt(0, 1, 1, 5, false);
  const TrainState state(plan_.runs.front().spec, at::kCPU);
  const auto folder = plan_.out / "runs" / id(0);
  std::filesystem::create_directories(folder);
  CheckpointFolder(folder, id(0)).save(1, state.tensors(), state.counters());
  const JobEstimate left = estimate(plan_, existing_results(plan_).runs, false, 1, std::nullopt);
  EXPECT_THAT(estimate_lines(left, 1).front(),
              HasSubstr("3 runs: 1 at step 1, 2 to do; about 25 s on 1 rank without scoring; "));
}

TEST_F(StoredSpeedTest, StepsAreMeasuredIfTheStoreHasNone) {
  const JobEstimate measured = estimate(plan_, existing_results(plan_).runs, false, 1, at::kCPU);
  EXPECT_GT(measured.seconds.value(), 0);
  EXPECT_TRUE(measured.is_measured);
  EXPECT_FALSE(measured.counts_scoring);
  EXPECT_THAT(estimate_lines(measured, 1).front(), HasSubstr("without scoring"));
}

}  // namespace
}  // namespace scgan::sweeps
