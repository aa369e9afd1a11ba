#include "results/statistics/bootstrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <vector>

namespace scgan::stats {
namespace {

using testing::Each;
using testing::ElementsAre;

std::vector<uint32_t> copy_of(std::span<const uint32_t> values) {
  return {values.begin(), values.end()};
}

TEST(ResamplerTest, EachGroupKeepsItsSize) {
  Resampler resampler(std::array<size_t, 3>{5, 1, 9}, 0);
  for (uint32_t i = 0; i < 200; ++i) {
    const auto drawn = copy_of(resampler.draw(i));
    ASSERT_EQ(drawn.size(), 15U);
    ASSERT_EQ(std::accumulate(drawn.begin(), drawn.begin() + 5, 0U), 5U);
    ASSERT_EQ(drawn[5], 1U);
    ASSERT_EQ(std::accumulate(drawn.begin() + 6, drawn.end(), 0U), 9U);
  }
}

TEST(ResamplerTest, ADrawDependsOnlyOnSeedAndNumber) {
  Resampler resampler(std::array<size_t, 2>{7, 6}, 3);
  const auto first = copy_of(resampler.draw(10));
  resampler.draw(11);
  EXPECT_EQ(copy_of(resampler.draw(10)), first);
  EXPECT_NE(copy_of(resampler.draw(11)), first);
  Resampler other_seed(std::array<size_t, 2>{7, 6}, 4);
  EXPECT_NE(copy_of(other_seed.draw(10)), first);
}

// A value of a group of 3 is drawn 3 times with probability 1/27, and never with 8/27. The bounds
// are four standard errors of 27,000 draws.
TEST(ResamplerTest, ValuesAreDrawnUniformlyWithReplacement) {
  Resampler resampler(std::array<size_t, 2>{3, 3}, 0);
  std::array<int, 6> thrice{}, never{};
  int both_groups_alike = 0;
  for (uint32_t i = 0; i < 27000; ++i) {
    const auto drawn = resampler.draw(i);
    for (size_t j = 0; j < 6; ++j) {
      thrice[j] += drawn[j] == 3 ? 1 : 0;
      never[j] += drawn[j] == 0 ? 1 : 0;
    }
    both_groups_alike += drawn[0] == 3 && drawn[3] == 3 ? 1 : 0;
  }
  EXPECT_THAT(thrice, Each(testing::AllOf(testing::Gt(1000 - 124), testing::Lt(1000 + 124))));
  EXPECT_THAT(never, Each(testing::AllOf(testing::Gt(8000 - 300), testing::Lt(8000 + 300))));
  // The groups are independent: 27000 / 27^2 is 37.
  EXPECT_NEAR(both_groups_alike, 37, 25);
}

TEST(ResamplerTest, ObservedHasEachValueOnce) {
  Resampler resampler(std::array<size_t, 2>{2, 1}, 0);
  resampler.draw(0);
  EXPECT_THAT(copy_of(resampler.observed()), ElementsAre(1, 1, 1));
}

// Type 7: (n - 1) * 0.025 = 2.5 places above the lowest of 0 ... 100.
TEST(PercentileIntervalTest, HasTheQuantilesOnBothSides) {
  std::vector<double> estimates(101);
  std::iota(estimates.rbegin(), estimates.rend(), 0);
  const Interval interval = percentile_interval(estimates, 0.95, 5);
  EXPECT_NEAR(interval.low, 2.5, 1e-12);
  EXPECT_NEAR(interval.high, 97.5, 1e-12);
  EXPECT_NEAR(percentile_interval(estimates, 0.9, 5).low, 5, 1e-12);
}

TEST(PercentileIntervalTest, FewerThanFiveValuesGiveARange) {
  EXPECT_TRUE(percentile_interval(std::array{1.0}, 0.95, 4).is_range);
  EXPECT_FALSE(percentile_interval(std::array{1.0}, 0.95, 5).is_range);
}

}  // namespace
}  // namespace scgan::stats
