#include "results/statistics/signed_rank.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "core/base/counter_rng.h"

namespace scgan::stats {
namespace {

constexpr double kUnbounded = std::numeric_limits<double>::infinity();

// Darwin's heights of maize in SciPy's help page of wilcoxon.
const Sample kMaize = {6, 8, 14, 16, 23, 24, 28, 29, 41, -48, 49, 56, 60, -67, 75};

// Four times the deviation: doubled midranks of the absolute differences by counting, with signs.
int signed_ranks(const Sample& differences) {
  int total = 0;
  for (const double d : differences) {
    int doubled_rank = 1;
    for (const double other : differences) {
      if (other == 0) continue;
      doubled_rank += 2 * (std::abs(other) < std::abs(d)) + (std::abs(other) == std::abs(d));
    }
    total += ((d > 0) - (d < 0)) * doubled_rank;
  }
  return total;
}

struct Shares {
  double p = 0, floor = 0;
};

// By going through all choices of signs of all cells.
Shares flip_all_signs(const std::vector<Sample>& cells, const std::vector<int>& weights) {
  std::vector<int> sums = {0};
  int observed = 0;
  for (size_t c = 0; c < cells.size(); ++c) {
    observed += weights[c] * signed_ranks(cells[c]);
    std::vector<int> next;
    for (unsigned flips = 0; flips < 1U << cells[c].size(); ++flips) {
      Sample flipped = cells[c];
      for (size_t i = 0; i < flipped.size(); ++i) {
        if ((flips >> i & 1U) != 0) flipped[i] = -flipped[i];
      }
      for (const int sum : sums) next.push_back(sum + weights[c] * signed_ranks(flipped));
    }
    sums = std::move(next);
  }
  int farthest = 0;
  for (const int sum : sums) farthest = std::max(farthest, std::abs(sum));
  const auto share_beyond = [&](int distance) {
    const auto count = std::ranges::count_if(sums, [&](int s) { return std::abs(s) >= distance; });
    return static_cast<double>(count) / static_cast<double>(sums.size());
  };
  return {share_beyond(std::abs(observed)), share_beyond(farthest)};
}

Sample random_differences(uint32_t seed, uint32_t n, uint32_t levels) {
  const CounterRng rng(seed, 2);
  Sample differences;
  for (uint32_t i = 0; i < n; ++i) {
    differences.push_back(static_cast<double>(rng.index(2 * levels + 1, 0, i)) - levels);
  }
  return differences;
}

std::optional<TestResult> test_one(const Sample& cell, Better better = Better::kHigher) {
  return signed_rank_test(std::span(&cell, 1), better);
}

// SciPy 1.17.1: wilcoxon(d, method="exact"): statistic 24 (of the negative ranks), p =
// 0.041259765625.
TEST(SignedRankTest, AgreesWithTheExampleOfSciPy) {
  const auto result = test_one(kMaize);
  ASSERT_TRUE(result);
  EXPECT_DOUBLE_EQ(result->p, 0.041259765625);
  EXPECT_EQ(result->deviation, (120 - 24) - 60);
  EXPECT_DOUBLE_EQ(result->floor, std::ldexp(1.0, -14));
}

// R's help page of wilcox.test (Hamilton depression scale; Hollander and Wolfe 1973, page 29):
// V = 40, one-sided p = 0.01953, which is 10 / 512.
TEST(SignedRankTest, AgreesWithTheExampleOfR) {
  const std::array first = {1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30};
  const std::array second = {0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29};
  const auto differences = paired_differences(first, second);
  ASSERT_TRUE(differences);
  const auto result = test_one(*differences);
  EXPECT_DOUBLE_EQ(result->p, 2 * 10 / 512.0);
  EXPECT_EQ(result->deviation, 40 - 22.5);
}

// SciPy 1.17.1: permutation_test(permutation_type="samples", n_resamples=inf) of the absolute sum
// of sign(d) * rankdata(abs(d)), zeros dropped.
TEST(SignedRankTest, TiesAndZerosAreExact) {
  EXPECT_DOUBLE_EQ(test_one({1, 1, -1, 2, 3, 3, -4})->p, 0.421875);
  const auto with_zeros = test_one({0, 0, 2, -1, 2, 5, 5, 5});
  EXPECT_DOUBLE_EQ(with_zeros->p, 0.0625);
  EXPECT_EQ(with_zeros->deviation, 19 / 2.0);
}

TEST(SignedRankTest, EveryChoiceOfSignsIsCounted) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    const std::vector<Sample> cells = {random_differences(seed, 1 + seed % 9, 3)};
    const Shares expected = flip_all_signs(cells, {1});
    const auto result = signed_rank_test(cells, Better::kLower);
    ASSERT_NEAR(result->p, expected.p, 1e-14) << seed;
    ASSERT_NEAR(result->floor, expected.floor, 1e-14) << seed;
  }
}

// 1 / (n + 1) is 1/8, 1/4 and 1/3: 1, 2 and 2.67 times the first, rounded 1, 2 and 3.
TEST(SignedRankTest, CellsAreSummedWithTheirWeights) {
  for (uint32_t seed = 0; seed < 30; ++seed) {
    std::vector<Sample> cells = {random_differences(seed, 7, 5),
                                 random_differences(seed + 99, 3, 5),
                                 random_differences(seed + 999, 2, 5)};
    for (Sample& cell : cells) {
      for (double& d : cell) d += d == 0 ? 1 : 0;
    }
    const Shares expected = flip_all_signs(cells, {1, 2, 3});
    const auto result = signed_rank_test(cells, Better::kHigher);
    ASSERT_NEAR(result->p, expected.p, 1e-14) << seed;
    ASSERT_NEAR(result->floor, expected.floor, 1e-14) << seed;
    const int total =
        signed_ranks(cells[0]) + 2 * signed_ranks(cells[1]) + 3 * signed_ranks(cells[2]);
    ASSERT_EQ(result->deviation, total / 4.0);
    ASSERT_EQ(result->cells, 3U);
  }
}

TEST(SignedRankTest, FloorIsTwoOfAllSigns) {
  for (int n = 1; n <= 10; ++n) {
    Sample cell;
    for (int i = 0; i < n; ++i) cell.push_back(-1 - i);
    const auto result = test_one(cell, Better::kLower);
    EXPECT_DOUBLE_EQ(result->floor, std::ldexp(1.0, 1 - n)) << n;
    EXPECT_EQ(result->p, result->floor) << n;
    EXPECT_GT(result->deviation, 0) << n;
  }
}

TEST(SignedRankTest, OrderOfValuesAndCellsDoesNotMatter) {
  std::vector<Sample> cells = {random_differences(1, 90, 500), random_differences(2, 80, 500)};
  const double p = signed_rank_test(cells, Better::kLower)->p;
  std::ranges::reverse(cells);
  std::ranges::reverse(cells[0]);
  std::ranges::sort(cells[1]);
  EXPECT_EQ(signed_rank_test(cells, Better::kLower)->p, p);
}

TEST(SignedRankTest, OnlyZerosShowNothing) {
  const auto result = test_one({0, 0, 0});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->p, 1);
  EXPECT_EQ(result->floor, 1);
}

TEST(SignedRankTest, NoOrUnusableDifferencesGiveNoResult) {
  EXPECT_FALSE(signed_rank_test({}, Better::kLower));
  EXPECT_FALSE(test_one({}));
  EXPECT_FALSE(test_one({1, kUnbounded}));
  EXPECT_FALSE(sign_test(std::vector<Sample>{{1, 2}, {kUnbounded}}, Better::kLower));
  EXPECT_FALSE(paired_differences(std::array{1.0, 2.0}, std::array{1.0}));
}

// SciPy 1.17.1 for d = [(37 i) % 101 - (53 i + 20) % 113 for i in range(60)]:
// wilcoxon(d, method="approx", correction=True), and for the signs 2 * norm.sf((34 - 26 - 1) / 60
// ** 0.5); exactly, binomtest(26, 60) has 0.36629.
TEST(SignedRankTest, LargeCellsUseTheNormalApproximation) {
  Sample differences;
  for (int i = 0; i < 60; ++i) differences.push_back(i * 37 % 101 - (i * 53 + 20) % 113);
  const std::vector<Sample> cells = {differences};
  EXPECT_NEAR(signed_rank_test(cells, Better::kLower)->p, 0.2631475593186866, 1e-12);
  EXPECT_NEAR(sign_test(cells, Better::kLower)->p, 0.3661565601940604, 1e-12);
  EXPECT_NEAR(sign_test(cells, Better::kLower)->floor, std::pow(2.0, -59), 1e-25);
}

TEST(SignedRankTest, EmptyCellsAreLeftOut) {
  const auto result = signed_rank_test(std::vector<Sample>{{}, kMaize}, Better::kHigher);
  EXPECT_DOUBLE_EQ(result->p, 0.041259765625);
  EXPECT_EQ(result->cells, 1U);
}

// SciPy 1.17.1: binomtest(6, 7).pvalue and binomtest(2, 9).pvalue.
TEST(SignTest, IsTheBinomialTest) {
  const Sample six_of_seven = {1, 2, 3, 4, 5, 6, 0, -70};
  const auto result = sign_test(std::span(&six_of_seven, 1), Better::kHigher);
  EXPECT_DOUBLE_EQ(result->p, 0.125);
  EXPECT_EQ(result->deviation, 6 - 3.5);
  EXPECT_DOUBLE_EQ(result->floor, std::ldexp(1.0, -6));
  const Sample two_of_nine = {1, 1, -1, -2, -3, -4, -5, -6, -7};
  EXPECT_DOUBLE_EQ(sign_test(std::span(&two_of_nine, 1), Better::kHigher)->p, 0.1796875);
}

// Every run counts once, in small and large cells.
TEST(SignTest, CellsArePooled) {
  const std::vector<Sample> cells = {{1, -1}, {4, -2, -3, -4, -5, -6, -7}};
  const auto result = sign_test(cells, Better::kLower);
  EXPECT_DOUBLE_EQ(result->p, 0.1796875);
  EXPECT_EQ(result->deviation, 7 - 4.5);
}

TEST(SignTest, ComparesRunsWithAConstant) {
  EXPECT_EQ(differences_from(10, std::array{8.0, 10.0, 13.0}), (Sample{-2, 0, 3}));
}

}  // namespace
}  // namespace scgan::stats
