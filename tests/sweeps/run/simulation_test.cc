// How close the schedule comes to the shortest possible time: the coordinator on a simulated world.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "simulated_world.h"
#include "tests/support/temp_dir.h"

namespace scgan::sweeps {
namespace {

// The simulated time of a sweep, as a multiple of the lower bound; the worst of three sets of runs.
double excess(RandomRuns kind, int ranks) {
  double worst = 0;
  for (kind.seed = 1; kind.seed <= 3; ++kind.seed) {
    auto store = results::ResultStore::open(":memory:");
    const auto runs = random_runs(kind);
    SimulatedWorld world(runs, {});
    worst =
        std::max(worst, world.train(simulated_plan(runs), ranks, store) / lower_bound(runs, ranks));
  }
  return worst;
}

void expect_excess_of_five_percent(bool times_are_expected) {
  for (const int runs : {45, 200}) {
    for (const int ranks : {4, 16, 64, 96, 128, 512}) {
      EXPECT_LT(excess({runs, 4, times_are_expected}, ranks), 1.05)
          << runs << " runs on " << ranks << " ranks";
    }
  }
  for (const int ranks : {128, 160}) {
    EXPECT_LT(excess({45, 8, times_are_expected}, ranks), 1.05)
        << ranks << " ranks, eight to a run";
  }
}

TEST(SimulationTest, ASweepTakesAtMostFivePercentMoreThanTheLowerBound) {
  expect_excess_of_five_percent(true);
}

TEST(SimulationTest, AlsoIfTheTimesOfRunsAreNotExpected) { expect_excess_of_five_percent(false); }

// Two runs of equally many steps on three ranks. The first step of the long one is done after 6 s;
// then the third rank prepares for 2 s and joins it, and two ranks share what is left of 6,000 s.
// With the start and scoring: 2 + 8 + 5992 / 2 + 5 s.
TEST(SimulationTest, AFreeRankWaitsUntilItIsKnownWhichRunIsLong) {
  const std::vector<SimulatedRun> runs{{600, 1000, 2}, {6000, 1000, 2}};
  auto store = results::ResultStore::open(":memory:");
  SimulatedWorld world(runs, {});
  EXPECT_NEAR(world.train(simulated_plan(runs), 3, store), 3011, 1);
}

// Two equal runs on three ranks, two to a run. If the third rank stayed where it joins first, the
// sweep would take 4506 s: 3006 s until that run ends, and half of what the other one has left.
TEST(SimulationTest, ARankMovesBetweenRunsSoThatTheyEndTogether) {
  const std::vector<SimulatedRun> runs{{6000, 1000, 2}, {6000, 1000, 2}};
  auto store = results::ResultStore::open(":memory:");
  SimulatedWorld world(runs, {});
  const double seconds = world.train(simulated_plan(runs), 3, store);
  EXPECT_GT(seconds, 4000);
  EXPECT_LT(seconds, 4100);
}

// Sixteen seeds of four runs of different lengths on four ranks: half-way, no seed is far ahead.
TEST(SimulationTest, RunsAreDoneSeedBySeedUntilTheSweepNearsItsEnd) {
  std::vector<SimulatedRun> runs;
  for (int i = 0; i < 64; ++i) runs.push_back({600.0 * (1 + i % 4), 600 * (1 + i % 4), 4});
  auto store = results::ResultStore::open(":memory:");
  SimulatedWorld world(runs, {});
  world.train(simulated_plan(runs), 4, store);
  for (size_t i = 0; i < 40; ++i) EXPECT_NEAR(world.done()[i], static_cast<double>(i), 8);
}

// 320 reports, nearly all with losses.
TEST(SimulationTest, ProgressIsWrittenOnceASecond) {
  const TempDir folder;
  const auto file = folder.path() / "results.db";
  auto store = results::ResultStore::open(file);
  const std::vector<SimulatedRun> runs(8, {10, 1000, 1});
  const JobPlan plan = simulated_plan(runs);
  SimulatedWorld world(runs, {.report_seconds = 0.25, .curve_points = 200});
  const int64_t before = transactions(file);
  const double seconds = world.train(plan, 4, store);
  EXPECT_GT(world.reports(), 300);
  EXPECT_EQ(store.losses(plan.runs.back().record.id).size(), 10U * 200);
  // The plan, starts and ends of two runs on each rank, and the progress.
  EXPECT_LE(transactions(file) - before, 1 + 4 * 4 + seconds);
}

}  // namespace
}  // namespace scgan::sweeps
