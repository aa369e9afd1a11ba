#include "results/statistics/effect.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "core/base/counter_rng.h"
#include "core/base/stats.h"

namespace scgan::stats {
namespace {

constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();

// R's example of wilcox.test, see mann_whitney_test.cc, and a made-up cell with ties.
const std::vector<CellPair> kTwoCells = {
    {{0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46}, {1.15, 0.88, 0.90, 0.74, 1.21}},
    {{7, 3, 9, 4, 6}, {5, 2, 8, 1, 1, 6}}};

// Estimates by listing all pairs of the values, each value as often as it was drawn.
struct Naive {
  std::vector<double> differences;
  double improvement = 0;

  void add(const CellPair& cell, const uint32_t* counts) {
    double better = 0, pairs = 0;
    for (size_t i = 0; i < cell.a.size(); ++i) {
      for (size_t j = 0; j < cell.b.size(); ++j) {
        const uint32_t times = counts[i] * counts[cell.a.size() + j];
        for (uint32_t t = 0; t < times; ++t) {
          differences.push_back(cell.a[i] - cell.b[j]);
          better += cell.a[i] > cell.b[j] ? 1 : cell.a[i] == cell.b[j] ? 0.5 : 0;
          pairs += 1;
        }
      }
    }
    improvement += better / pairs;
  }
};

void expect_interval(const Interval& interval, double low, double high, double tolerance) {
  EXPECT_NEAR(interval.low, low, tolerance);
  EXPECT_NEAR(interval.high, high, tolerance);
}

// The example of docs/statistics.md: of the nine differences -190.4, -185.1, -176.7, -57.9, -52.6,
// -44.2, -5.1, 0.2 and 8.6 the middle one, and 7 that are negative.
TEST(EffectTest, AgreesWithTheExampleOfTheDocument) {
  const CellPair cell{{599.7, 732.2, 785.0}, {776.4, 784.8, 790.1}};
  const auto effect = estimate_effect(std::span(&cell, 1), Better::kLower);
  EXPECT_NEAR(effect->shift.value, -52.6, 1e-10);
  EXPECT_DOUBLE_EQ(effect->improvement.value, 7 / 9.0);
}

TEST(EffectTest, AllPairsWonGiveAnIntervalWithoutWidth) {
  const CellPair cell{{1, 2, 3, 4, 5}, {6, 7, 8, 9, 10}};
  const auto effect = estimate_effect(std::span(&cell, 1), Better::kLower);
  EXPECT_EQ(effect->improvement.interval.low, 1);
  EXPECT_EQ(effect->improvement.interval.high, 1);
}

// R prints 0.305 as the difference in location of its example (conf.int = TRUE); SciPy 1.17.1:
// numpy.median(numpy.subtract.outer(x, y)); bootstrap((x, y), f, method="percentile",
// n_resamples=200000) gave the intervals.
TEST(EffectTest, AgreesWithTheExampleOfR) {
  const auto effect = estimate_effect(std::span(kTwoCells).first(1), Better::kHigher,
                                      {.seed = 0, .resamples = 20000});
  ASSERT_TRUE(effect);
  EXPECT_DOUBLE_EQ(effect->shift.value, 0.305);
  EXPECT_DOUBLE_EQ(effect->improvement.value, 0.7);
  expect_interval(effect->shift.interval, -0.08, 0.72, 0.02);
  expect_interval(effect->improvement.interval, 0.4, 0.94, 0.02);
  EXPECT_FALSE(effect->shift.interval.is_range);
  EXPECT_EQ(effect->cells, 1U);
}

// The same with both cells: the differences pooled, the probabilities averaged.
TEST(EffectTest, CellsArePooledAndAveraged) {
  const auto effect = estimate_effect(kTwoCells, Better::kHigher, {.seed = 1, .resamples = 20000});
  ASSERT_TRUE(effect);
  EXPECT_DOUBLE_EQ(effect->shift.value, 0.555);
  EXPECT_DOUBLE_EQ(effect->improvement.value, 0.7083333333333333);
  expect_interval(effect->shift.interval, -0.01, 0.99, 0.02);
  expect_interval(effect->improvement.interval, 0.4866666666666667, 0.8933333333333333, 0.01);
  EXPECT_EQ(effect->cells, 2U);
}

TEST(EffectTest, EveryResampleIsThatOfAllItsPairs) {
  std::vector<CellPair> sorted = kTwoCells;
  for (CellPair& cell : sorted) {
    std::ranges::sort(cell.a);
    std::ranges::sort(cell.b);
  }
  Resampler resampler(std::vector<size_t>{10, 5, 5, 6}, 9);
  std::vector<double> shifts, improvements;
  for (uint32_t i = 0; i < 100; ++i) {
    const auto counts = resampler.draw(i);
    Naive naive;
    naive.add(sorted[0], counts.data());
    naive.add(sorted[1], counts.data() + 15);
    shifts.push_back(median(naive.differences));
    improvements.push_back(naive.improvement / 2);
  }
  const auto effect = estimate_effect(kTwoCells, Better::kHigher, {.seed = 9, .resamples = 100});
  expect_interval(effect->shift.interval, quantile(shifts, 0.025), quantile(shifts, 0.975), 1e-12);
  expect_interval(effect->improvement.interval, quantile(improvements, 0.025),
                  quantile(improvements, 0.975), 1e-12);
}

TEST(EffectTest, LowerIsBetterTurnsTheProbabilityButNotTheShift) {
  const auto higher = estimate_effect(kTwoCells, Better::kHigher);
  const auto lower = estimate_effect(kTwoCells, Better::kLower);
  EXPECT_EQ(lower->shift.value, higher->shift.value);
  EXPECT_DOUBLE_EQ(lower->improvement.value, 1 - higher->improvement.value);
  EXPECT_DOUBLE_EQ(lower->improvement.interval.low, 1 - higher->improvement.interval.high);
}

TEST(EffectTest, EqualValuesCountHalf) {
  const CellPair cell{{2, 2}, {2, 2, 2}};
  const auto effect = estimate_effect(std::span(&cell, 1), Better::kLower);
  EXPECT_EQ(effect->improvement.value, 0.5);
  EXPECT_EQ(effect->shift.value, 0);
  EXPECT_EQ(effect->shift.interval.high, 0);
}

// With two values each, every interval reaches from the lowest to the highest difference.
TEST(EffectTest, FewValuesGiveARange) {
  const CellPair cell{{1, 2}, {5, 9}};
  const auto effect = estimate_effect(std::span(&cell, 1), Better::kLower);
  EXPECT_TRUE(effect->shift.interval.is_range);
  EXPECT_TRUE(effect->improvement.interval.is_range);
  EXPECT_EQ(effect->shift.interval.low, -8);
  EXPECT_EQ(effect->shift.interval.high, -3);
}

TEST(EffectTest, OneSmallGroupMakesTheIntervalARange) {
  std::vector<CellPair> cells = kTwoCells;
  cells.push_back({{1, 2, 3, 4}, {1, 2, 3, 4, 5}});
  EXPECT_TRUE(estimate_effect(cells, Better::kLower)->shift.interval.is_range);
}

TEST(EffectTest, OrderOfValuesAndCellsDoesNotMatter) {
  std::vector<CellPair> turned = kTwoCells;
  std::ranges::reverse(turned);
  for (CellPair& cell : turned) std::ranges::reverse(cell.a);
  turned.push_back({{}, {3}});
  const auto one = estimate_effect(kTwoCells, Better::kLower);
  const auto other = estimate_effect(turned, Better::kLower);
  EXPECT_EQ(one->shift.interval.low, other->shift.interval.low);
  EXPECT_EQ(one->shift.interval.high, other->shift.interval.high);
  EXPECT_EQ(one->improvement.value, other->improvement.value);
  EXPECT_EQ(one->improvement.interval.high, other->improvement.interval.high);
  EXPECT_EQ(other->cells, 2U);
}

TEST(EffectTest, NoOrUnusableValuesGiveNoResult) {
  EXPECT_FALSE(estimate_effect({}, Better::kLower));
  EXPECT_FALSE(estimate_effect(std::vector<CellPair>{{{1}, {}}}, Better::kLower));
  EXPECT_FALSE(estimate_effect(std::vector<CellPair>{{{1, kNotANumber}, {2}}}, Better::kLower));
}

// Normal values with a true shift of 1 and thus a probability of improvement of 0.760 (the normal
// distribution function at 1 / sqrt 2), one cell of five against five: the interval has them about
// 9 times in 10. With three against three it has them much less often, so it is called a range.
TEST(EffectTest, IntervalsOfFiveValuesNearlyKeepTheirPromise) {
  const auto covered = [](uint32_t n) {
    int shifts = 0, improvements = 0;
    for (uint32_t study = 0; study < 400; ++study) {
      const CounterRng rng(study, 77);
      CellPair cell;
      for (uint32_t i = 0; i < n; ++i) {
        cell.a.push_back(1 + rng.normal(0, i, 0));
        cell.b.push_back(rng.normal(0, i, 1));
      }
      const auto effect =
          estimate_effect(std::span(&cell, 1), Better::kHigher, {.seed = study, .resamples = 400});
      const auto contains = [](const Interval& interval, double truth) {
        return interval.low <= truth && truth <= interval.high ? 1 : 0;
      };
      shifts += contains(effect->shift.interval, 1);
      improvements += contains(effect->improvement.interval, 0.760249938906);
    }
    return std::pair(shifts / 400.0, improvements / 400.0);
  };
  EXPECT_NEAR(covered(5).first, 0.92, 0.04);
  EXPECT_NEAR(covered(5).second, 0.90, 0.04);
  EXPECT_LT(covered(3).first, 0.86);
  EXPECT_LT(covered(3).second, 0.78);
}

}  // namespace
}  // namespace scgan::stats
