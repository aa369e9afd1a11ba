#include "results/statistics/mann_whitney.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/base/counter_rng.h"

namespace scgan::stats {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Permeability of the human chorioamnion at term and at 12 to 26 weeks (Hollander and Wolfe 1973,
// page 69), the example of R's help page of wilcox.test.
const CellPair kPermeability{{0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46},
                             {1.15, 0.88, 0.90, 0.74, 1.21}};

double binomial(int n, int k) {
  double ways = 1;
  for (int i = 1; i <= k; ++i) ways = ways * (n - k + i) / i;
  return ways;
}

// Twice the deviation of U from its expectation, by counting pairs.
int doubled_deviation(const std::vector<double>& a, const std::vector<double>& b) {
  int sum = 0;
  for (const double x : a) {
    for (const double y : b) sum += (x > y) - (x < y);
  }
  return sum;
}

// The deviations of all ways to give as many of the cell's values to A as it has.
std::vector<int> all_deviations(const CellPair& cell) {
  std::vector<double> values = cell.a;
  values.insert(values.end(), cell.b.begin(), cell.b.end());
  std::vector<bool> is_a(values.size(), false);
  std::fill(is_a.begin(), is_a.begin() + static_cast<long>(cell.a.size()), true);
  std::vector<int> deviations;
  do {
    CellPair other;
    for (size_t i = 0; i < values.size(); ++i) (is_a[i] ? other.a : other.b).push_back(values[i]);
    deviations.push_back(doubled_deviation(other.a, other.b));
  } while (std::prev_permutation(is_a.begin(), is_a.end()));
  return deviations;
}

struct Enumerated {
  double p = 0, floor = 0;
};

// By going through all arrangements of all cells.
Enumerated enumerate(const std::vector<CellPair>& cells, const std::vector<int>& weights) {
  std::vector<int> sums = {0};
  int observed = 0;
  for (size_t c = 0; c < cells.size(); ++c) {
    observed += weights[c] * doubled_deviation(cells[c].a, cells[c].b);
    std::vector<int> next;
    for (const int deviation : all_deviations(cells[c])) {
      for (const int sum : sums) next.push_back(sum + weights[c] * deviation);
    }
    sums = std::move(next);
  }
  const auto share_beyond = [&](int distance) {
    const auto count = std::ranges::count_if(sums, [&](int s) { return std::abs(s) >= distance; });
    return static_cast<double>(count) / static_cast<double>(sums.size());
  };
  int farthest = 0;
  for (const int sum : sums) farthest = std::max(farthest, std::abs(sum));
  return {share_beyond(std::abs(observed)), share_beyond(farthest)};
}

// A cell whose values are small whole numbers, so that many are equal.
CellPair random_cell(uint32_t seed, uint32_t n_a, uint32_t n_b, uint32_t levels) {
  const CounterRng rng(seed, 1);
  CellPair cell;
  for (uint32_t i = 0; i < n_a; ++i) cell.a.push_back(rng.index(levels, 0, i));
  for (uint32_t i = 0; i < n_b; ++i) cell.b.push_back(rng.index(levels, 1, i));
  return cell;
}

// SciPy 1.17.1: mannwhitneyu(a, b, method="exact"): U = 35, p = 0.2544122544122544. R prints
// W = 35 and, one-sided, p = 0.1272.
TEST(MannWhitneyTest, AgreesWithTheExampleOfR) {
  const auto result = mann_whitney(kPermeability, Better::kHigher);
  ASSERT_TRUE(result);
  EXPECT_NEAR(result->p, 0.2544122544122544, 1e-15);
  EXPECT_EQ(result->deviation, 35 - 25);
  EXPECT_EQ(result->cells, 1U);
}

// SciPy 1.17.1: the example of mannwhitneyu's help page (ages at diagnosis): U = 17, p = 1/9.
TEST(MannWhitneyTest, AgreesWithTheExampleOfSciPy) {
  const auto result = mann_whitney({{19, 22, 16, 29, 24}, {20, 11, 17, 12}}, Better::kHigher);
  ASSERT_TRUE(result);
  EXPECT_NEAR(result->p, 0.1111111111111111, 1e-15);
  EXPECT_EQ(result->deviation, 17 - 10);
}

// SciPy 1.17.1: permutation_test with all arrangements (n_resamples=inf) of the distance of the
// rank sum of rankdata() from its expectation.
TEST(MannWhitneyTest, TiesAreExact) {
  const auto equal_sizes = mann_whitney({{1, 2, 2, 3}, {2, 3, 4, 4}}, Better::kLower);
  ASSERT_TRUE(equal_sizes);
  EXPECT_NEAR(equal_sizes->p, 0.2, 1e-15);
  EXPECT_EQ(equal_sizes->deviation, 5.5);
  const auto unequal_sizes = mann_whitney({{5, 5, 1}, {5, 2, 2, 7, 8}}, Better::kLower);
  ASSERT_TRUE(unequal_sizes);
  EXPECT_NEAR(unequal_sizes->p, 0.48214285714285715, 1e-15);
  EXPECT_EQ(unequal_sizes->deviation, 2.5);
}

TEST(MannWhitneyTest, DeviationIsPositiveWhenAIsBetter) {
  const CellPair a_is_lower{{1, 2}, {3, 4, 5}};
  EXPECT_EQ(mann_whitney(a_is_lower, Better::kLower)->deviation, 3);
  EXPECT_EQ(mann_whitney(a_is_lower, Better::kHigher)->deviation, -3);
  EXPECT_EQ(mann_whitney(a_is_lower, Better::kLower)->p,
            mann_whitney(a_is_lower, Better::kHigher)->p);
}

TEST(MannWhitneyTest, FloorIsTwoOfAllArrangements) {
  for (int n = 2; n <= 10; ++n) {
    CellPair apart;
    for (int i = 0; i < n; ++i) {
      apart.a.push_back(i);
      apart.b.push_back(100 + i);
    }
    const auto result = mann_whitney(apart, Better::kLower);
    EXPECT_DOUBLE_EQ(result->floor, 2 / binomial(2 * n, n)) << n;
    EXPECT_EQ(result->p, result->floor) << n;
  }
}

// The example of docs/statistics.md: A wins 7 of 9 pairs; 8 of 20 arrangements are as extreme.
TEST(MannWhitneyTest, AgreesWithTheExampleOfTheDocument) {
  const auto result = mann_whitney({{599.7, 732.2, 785.0}, {776.4, 784.8, 790.1}}, Better::kLower);
  EXPECT_DOUBLE_EQ(result->p, 8 / 20.0);
  EXPECT_DOUBLE_EQ(result->floor, 2 / 20.0);
  EXPECT_EQ(result->deviation, 7 - 4.5);
}

TEST(MannWhitneyTest, OneValueAgainstThreeCanNeverBeSmall) {
  EXPECT_DOUBLE_EQ(mann_whitney({{1}, {2, 3, 4}}, Better::kLower)->floor, 0.5);
}

// 1, 1, 1 against 1, 1, 2: all arrangements have the same distance, since there is one 2.
TEST(MannWhitneyTest, TiesRaiseTheFloor) {
  const auto result = mann_whitney({{1, 1, 1}, {1, 1, 2}}, Better::kLower);
  EXPECT_EQ(result->floor, 1);
  EXPECT_EQ(result->p, 1);
}

TEST(MannWhitneyTest, EqualValuesShowNothing) {
  const auto result = mann_whitney({{3, 3, 3}, {3, 3}}, Better::kLower);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->p, 1);
  EXPECT_EQ(result->floor, 1);
  EXPECT_EQ(result->deviation, 0);
}

TEST(MannWhitneyTest, NoOrUnusableValuesGiveNoResult) {
  EXPECT_FALSE(mann_whitney({{}, {1, 2}}, Better::kLower));
  EXPECT_FALSE(mann_whitney({{1, 2}, {}}, Better::kLower));
  EXPECT_FALSE(mann_whitney({{1, kNaN}, {1, 2}}, Better::kLower));
  EXPECT_FALSE(mann_whitney({{1, 3}, {kInfinity, 2}}, Better::kLower));
  EXPECT_FALSE(stratified_mann_whitney({}, Better::kLower));
}

// SciPy 1.17.1: mannwhitneyu([(37 i) % 101 for i in range(60)], [(53 i + 20) % 113 for i in
// range(60)], method="asymptotic"), with ties and its correction for continuity.
TEST(MannWhitneyTest, LargeGroupsUseTheNormalApproximation) {
  CellPair cell;
  for (int i = 0; i < 60; ++i) {
    cell.a.push_back(i * 37 % 101);
    cell.b.push_back((i * 53 + 20) % 113);
  }
  EXPECT_NEAR(mann_whitney(cell, Better::kLower)->p, 0.27493339700876573, 1e-12);
}

TEST(MannWhitneyTest, EveryArrangementOfSmallCellsIsCounted) {
  uint32_t seed = 0;
  for (uint32_t n_a = 1; n_a <= 6; ++n_a) {
    for (uint32_t n_b = 1; n_b <= 5; ++n_b) {
      for (const uint32_t levels : {2U, 4U, 9U, 1000U}) {
        const CellPair cell = random_cell(++seed, n_a, n_b, levels);
        const Enumerated expected = enumerate({cell}, {1});
        const auto result = mann_whitney(cell, Better::kLower);
        ASSERT_NEAR(result->p, expected.p, 1e-14) << n_a << " " << n_b << " " << levels;
        ASSERT_NEAR(result->floor, expected.floor, 1e-14) << n_a << " " << n_b << " " << levels;
        ASSERT_GE(result->p, result->floor);
      }
    }
  }
}

TEST(StratifiedMannWhitneyTest, EveryArrangementOfAllCellsIsCounted) {
  for (uint32_t seed = 0; seed < 40; ++seed) {
    const uint32_t levels = seed % 2 == 0 ? 4 : 1000;
    const std::vector<CellPair> cells = {random_cell(seed, 3, 3, levels),
                                         random_cell(seed + 100, 2, 4, levels),
                                         random_cell(seed + 200, 3, 3, levels)};
    const Enumerated expected = enumerate(cells, {1, 1, 1});
    const auto result = stratified_mann_whitney(cells, Better::kHigher);
    ASSERT_NEAR(result->p, expected.p, 1e-14) << seed;
    ASSERT_NEAR(result->floor, expected.floor, 1e-14) << seed;
    ASSERT_EQ(result->cells, 3U);
  }
}

// Van Elteren's weights are 1/10, 1/4 and 1/6: 1, 2.5 and 1.67 times the first, rounded 1, 3 and 2.
TEST(StratifiedMannWhitneyTest, SmallCellsWeighMorePerRank) {
  for (uint32_t seed = 0; seed < 40; ++seed) {
    const std::vector<CellPair> cells = {random_cell(seed, 5, 4, 7),
                                         random_cell(seed + 100, 2, 1, 7),
                                         random_cell(seed + 200, 2, 3, 7)};
    const Enumerated expected = enumerate(cells, {1, 3, 2});
    const auto result = stratified_mann_whitney(cells, Better::kHigher);
    ASSERT_NEAR(result->p, expected.p, 1e-14) << seed;
    ASSERT_NEAR(result->floor, expected.floor, 1e-14) << seed;
    const int doubled = doubled_deviation(cells[0].a, cells[0].b) +
                        3 * doubled_deviation(cells[1].a, cells[1].b) +
                        2 * doubled_deviation(cells[2].a, cells[2].b);
    ASSERT_EQ(result->deviation, doubled / 2.0);
  }
}

// The table of docs/statistics.md: two cells of 3 against 3 have 20 * 20 arrangements, and so on.
TEST(StratifiedMannWhitneyTest, EveryCellLowersTheFloor) {
  for (int n = 2; n <= 10; ++n) {
    CellPair apart;
    for (int i = 0; i < n; ++i) {
      apart.a.push_back(i);
      apart.b.push_back(100 + i);
    }
    for (size_t cells = 1; cells <= 3; ++cells) {
      const auto result = stratified_mann_whitney(std::vector(cells, apart), Better::kLower);
      const double arrangements = std::pow(binomial(2 * n, n), static_cast<double>(cells));
      EXPECT_NEAR(result->floor * arrangements, 2, 1e-12) << n << " " << cells;
      EXPECT_EQ(result->p, result->floor) << n << " " << cells;
    }
  }
}

TEST(StratifiedMannWhitneyTest, OppositeCellsCancel) {
  const std::vector<CellPair> cells = {{{1, 2, 3}, {4, 5, 6}}, {{4, 5, 6}, {1, 2, 3}}};
  EXPECT_EQ(stratified_mann_whitney(cells, Better::kLower)->p, 1);
}

TEST(StratifiedMannWhitneyTest, EmptyCellsAreLeftOut) {
  const std::vector<CellPair> cells = {{{1, 2, 3}, {}}, kPermeability, {{}, {}}};
  const auto result = stratified_mann_whitney(cells, Better::kHigher);
  EXPECT_EQ(result->p, mann_whitney(kPermeability, Better::kHigher)->p);
  EXPECT_EQ(result->cells, 1U);
}

TEST(StratifiedMannWhitneyTest, OneUnusableValueGivesNoResult) {
  EXPECT_FALSE(
      stratified_mann_whitney(std::vector<CellPair>{kPermeability, {{kNaN}, {}}}, Better::kLower));
}

TEST(StratifiedMannWhitneyTest, OrderOfValuesAndCellsDoesNotMatter) {
  std::vector<CellPair> cells = {random_cell(1, 12, 9, 30), random_cell(2, 7, 8, 30),
                                 random_cell(3, 10, 10, 30)};
  const double p = stratified_mann_whitney(cells, Better::kLower)->p;
  std::ranges::reverse(cells[0].a);
  std::ranges::reverse(cells[1].b);
  std::ranges::reverse(cells);
  EXPECT_EQ(stratified_mann_whitney(cells, Better::kLower)->p, p);
}

// 20 cells of 30 against 30 have 1e341 arrangements, more than a double can count.
TEST(StratifiedMannWhitneyTest, ProbabilitiesTooSmallForADoubleStayPositive) {
  CellPair apart;
  for (int i = 0; i < 30; ++i) {
    apart.a.push_back(i);
    apart.b.push_back(100 + i);
  }
  const auto result = stratified_mann_whitney(std::vector(20, apart), Better::kLower);
  EXPECT_GT(result->floor, 0);
  EXPECT_LT(result->floor, 1e-300);
  EXPECT_EQ(result->p, result->floor);
}

// Under the null hypothesis, a test at level 0.05 rejects at most 5 % of the time. 4,000 sweeps of
// three cells: 5 % plus three standard errors is 0.0603.
TEST(StratifiedMannWhitneyTest, RejectsNoMoreOftenThanTheLevel) {
  int rejected = 0;
  for (uint32_t sweep = 0; sweep < 4000; ++sweep) {
    const std::vector<CellPair> cells = {random_cell(3 * sweep, 4, 5, 1000000),
                                         random_cell(3 * sweep + 1, 3, 3, 1000000),
                                         random_cell(3 * sweep + 2, 4, 4, 1000000)};
    rejected += stratified_mann_whitney(cells, Better::kLower)->p <= 0.05;
  }
  EXPECT_LT(rejected, 241);
  // The sums of ranks are whole numbers, which keeps the attained level below 5 %, but not far.
  EXPECT_GT(rejected, 120);
}

}  // namespace
}  // namespace scgan::stats
