#include "results/statistics/aggregate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

namespace scgan::stats {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;
using testing::Optional;

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

const std::vector<Sample> kCells = {{0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46},
                                    {7, 3, 9, 4, 6}};

// SciPy 1.17.1: trim_mean(values, 0.25). Only the first has a number of values divisible by 4.
TEST(InterquartileMeanTest, AgreesWithSciPy) {
  EXPECT_THAT(interquartile_mean(std::array{1.0, 2.0, 3.0, 10.0}), Optional(DoubleEq(2.5)));
  EXPECT_THAT(interquartile_mean(std::array{9.0, 1.0, 2.0, 4.0, 100.0}), Optional(DoubleEq(5.0)));
  EXPECT_THAT(interquartile_mean(std::array{3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, 5.0}),
              Optional(DoubleEq(3.8)));
  EXPECT_THAT(interquartile_mean(std::array{7.0, 3.0, 8.0, 1.0, 9.0, 2.0, 100.0, 50.0, 30.0, 20.0}),
              Optional(DoubleEq(12.833333333333334)));
}

TEST(InterquartileMeanTest, FewerThanFourValuesGiveTheMean) {
  EXPECT_THAT(interquartile_mean(std::array{1.0, 5.0}), Optional(3.0));
  EXPECT_THAT(interquartile_mean(std::array{1.0, 2.0, 9.0}), Optional(4.0));
}

TEST(InterquartileMeanTest, NoOrUnusableValuesGiveNoResult) {
  EXPECT_FALSE(interquartile_mean({}));
  EXPECT_FALSE(interquartile_mean(std::array{1.0, kUndefined}));
}

TEST(NormaliseTest, DividesByTheBaselinesMedianOfEachCell) {
  const std::vector<CellPair> cells = {{{10, 30}, {8, 20, 30}}, {{1}, {}}, {{6}, {1, 3}}};
  EXPECT_THAT(normalise(cells), Optional(ElementsAre(Sample{0.5, 1.5}, Sample{3})));
}

TEST(NormaliseTest, ABaselineNotAboveZeroHasNoRatio) {
  EXPECT_FALSE(normalise(std::vector<CellPair>{{{1}, {-1, 0, 1}}}));
  EXPECT_FALSE(normalise(std::vector<CellPair>{{{1}, {-3}}}));
  EXPECT_FALSE(normalise(std::vector<CellPair>{{{kUndefined}, {3}}}));
  EXPECT_FALSE(normalise(std::vector<CellPair>{{{}, {3}}}));
}

// SciPy 1.17.1: trim_mean of both cells' values together, and bootstrap((x, y), ...,
// method="percentile", n_resamples=100000) of it.
TEST(EstimateIqmTest, AgreesWithSciPy) {
  const auto estimate = estimate_iqm(kCells, {.seed = 0, .resamples = 20000});
  ASSERT_TRUE(estimate);
  EXPECT_DOUBLE_EQ(estimate->value, 1.9744444444444444);
  EXPECT_NEAR(estimate->interval.low, 1.6622222222222223, 0.02);
  EXPECT_NEAR(estimate->interval.high, 2.65, 0.02);
  EXPECT_FALSE(estimate->interval.is_range);
}

TEST(EstimateIqmTest, OrderOfValuesAndCellsDoesNotMatter) {
  std::vector<Sample> turned = kCells;
  std::ranges::reverse(turned);
  for (Sample& cell : turned) std::ranges::reverse(cell);
  const auto one = estimate_iqm(kCells);
  const auto other = estimate_iqm(turned);
  EXPECT_EQ(one->value, other->value);
  EXPECT_EQ(one->interval.low, other->interval.low);
  EXPECT_EQ(one->interval.high, other->interval.high);
}

TEST(EstimateIqmTest, FewValuesGiveARange) {
  EXPECT_TRUE(estimate_iqm(std::vector<Sample>{{1, 2, 3, 4}})->interval.is_range);
  EXPECT_FALSE(estimate_iqm(std::vector<Sample>{{}, {}}));
}

// SciPy 1.17.1: bootstrap() as above of the two cells' mean share of values <= tau.
TEST(PerformanceProfileTest, AgreesWithSciPy) {
  const auto profile = performance_profile(kCells, std::array{1.0, 1.64, 4.0, 6.0}, Better::kLower,
                                           {.seed = 0, .resamples = 20000});
  ASSERT_TRUE(profile);
  const std::array expected = {std::array{0.15, 0.0, 0.3}, std::array{0.4, 0.25, 0.5},
                               std::array{0.7, 0.5, 0.9}, std::array{0.8, 0.6, 1.0}};
  ASSERT_EQ(profile->size(), 4U);
  for (size_t i = 0; i < 4; ++i) {
    const Estimate& share = (*profile)[i].share;
    EXPECT_DOUBLE_EQ(share.value, expected[i][0]) << i;
    EXPECT_NEAR(share.interval.low, expected[i][1], 1e-12) << i;
    EXPECT_NEAR(share.interval.high, expected[i][2], 1e-12) << i;
  }
  EXPECT_EQ((*profile)[1].tau, 1.64);
}

TEST(PerformanceProfileTest, AValueEqualToTauReachesIt) {
  const std::vector<Sample> cells = {{1, 2, 3, 4}};
  const std::array taus = {2.0};
  EXPECT_EQ(performance_profile(cells, taus, Better::kLower)->front().share.value, 0.5);
  EXPECT_EQ(performance_profile(cells, taus, Better::kHigher)->front().share.value, 0.75);
}

TEST(PerformanceProfileTest, CellsCountEqually) {
  const std::vector<Sample> cells = {{1, 1, 1, 1, 1, 1}, {9, 9}};
  EXPECT_EQ(performance_profile(cells, std::array{2.0}, Better::kLower)->front().share.value, 0.5);
}

TEST(PerformanceProfileTest, NoOrUnusableValuesGiveNoResult) {
  EXPECT_FALSE(performance_profile({}, std::array{2.0}, Better::kLower));
  EXPECT_FALSE(performance_profile(kCells, std::array{kUndefined}, Better::kLower));
  EXPECT_TRUE(performance_profile(kCells, {}, Better::kLower)->empty());
}

}  // namespace
}  // namespace scgan::stats
