#include "results/statistics/power.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace scgan::stats {
namespace {

// A cell whose means are `shift` pooled standard deviations apart: -1, 0, 1 have a standard
// deviation of 1.
CellPair cell_apart(double shift, double scale = 1) {
  return {{scale * (shift - 1), scale * shift, scale * (shift + 1)}, {-scale, 0, scale}};
}

// The expected powers come from an independent simulation with NumPy (4,000 or more sweeps, normal
// values, the exact distribution of the summed U). Numbers of seeds were chosen where the power of
// the one before is clearly too low.
TEST(SeedsNeededTest, AgreesWithAnIndependentSimulation) {
  // One cell, shift 1.5: 0.658 with 7 seeds, 0.776 with 8.
  const auto one_cell = seeds_needed(std::vector{cell_apart(1.5)}, {.power = 0.72});
  ASSERT_TRUE(one_cell);
  EXPECT_EQ(one_cell->per_cell, 8U);
  EXPECT_NEAR(one_cell->power, 0.776, 0.06);
  // Three cells, shifts 0.8, 1.2 and 1: 0.659 with 5 seeds, 0.772 with 6.
  const auto three_cells =
      seeds_needed(std::vector{cell_apart(0.8), cell_apart(1.2), cell_apart(1)}, {.power = 0.72});
  EXPECT_EQ(three_cells->per_cell, 6U);
  EXPECT_NEAR(three_cells->power, 0.772, 0.06);
  // One cell, shift 0.7: 0.752 with 30 seeds, 0.849 with 40.
  const auto many = seeds_needed(std::vector{cell_apart(0.7)});
  EXPECT_EQ(many->per_cell, 40U);
  EXPECT_NEAR(many->power, 0.849, 0.04);
}

// Shift 1.5 at level 0.01: 0.745 with 12 seeds, 0.883 with 15; at level 0.05 8 or 9 are enough.
TEST(SeedsNeededTest, AStricterLevelNeedsMoreSeeds) {
  EXPECT_EQ(seeds_needed(std::vector{cell_apart(1.5)}, {.alpha = 0.01, .power = 0.85})->per_cell,
            15U);
}

// Three against three in one cell can never reach 0.05, four against four can (2 / 70).
TEST(SeedsNeededTest, ALargeDifferenceStillNeedsSeedsAboveTheFloor) {
  EXPECT_EQ(seeds_needed(std::vector{cell_apart(50)})->per_cell, 4U);
  EXPECT_EQ(seeds_needed(std::vector{cell_apart(50), cell_apart(50)})->per_cell, 3U);
}

TEST(SeedsNeededTest, NoDifferenceIsNeverFound) {
  const auto needed = seeds_needed(std::vector{cell_apart(0)});
  ASSERT_TRUE(needed);
  EXPECT_FALSE(needed->per_cell);
  // The error rate.
  EXPECT_LT(needed->power, 0.15);
}

TEST(SeedsNeededTest, OppositeDifferencesCancel) {
  EXPECT_FALSE(seeds_needed(std::vector{cell_apart(2), cell_apart(-2)})->per_cell);
}

TEST(SeedsNeededTest, UnitAndOrderDoNotMatter) {
  std::vector<CellPair> cells = {cell_apart(0.8, 1024), cell_apart(1.2, 1024)};
  const auto large = seeds_needed(cells);
  std::ranges::reverse(cells);
  std::ranges::reverse(cells[0].a);
  EXPECT_EQ(seeds_needed(cells)->power, large->power);
  const auto small = seeds_needed(std::vector{cell_apart(0.8), cell_apart(1.2)});
  EXPECT_EQ(small->per_cell, large->per_cell);
}

TEST(SeedsNeededTest, ValuesWithoutSpreadGiveNoResult) {
  EXPECT_FALSE(seeds_needed({}));
  EXPECT_FALSE(seeds_needed(std::vector<CellPair>{{{1}, {2}}}));
  EXPECT_FALSE(seeds_needed(std::vector<CellPair>{{{1, 1}, {2, 2}}}));
  EXPECT_FALSE(
      seeds_needed(std::vector<CellPair>{{{1, std::numeric_limits<double>::infinity()}, {2, 3}}}));
}

}  // namespace
}  // namespace scgan::stats
