#include "core/base/counter_rng.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>
#include <span>
#include <vector>

namespace scgan {
namespace {

using Words = std::array<uint32_t, 4>;

// Known answers of the Random123 distribution (kat_vectors, philox4x32 10). The key is (seed,
// purpose).
TEST(CounterRngTest, BlockIsPhilox4x32With10Rounds) {
  EXPECT_EQ(CounterRng(0, 0U).block(0, 0, 0, 0),
            (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(
      CounterRng(0xffffffff, 0xffffffffU).block(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff),
      (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(
      CounterRng(0xa4093822, 0x299f31d0U).block(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344),
      (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(CounterRngTest, EveryCoordinateChangesTheDraw) {
  const std::set<double> draws = {CounterRng(1, Purpose::kShuffle).uniform(2, 3, 4),
                                  CounterRng(2, Purpose::kShuffle).uniform(2, 3, 4),
                                  CounterRng(1, Purpose::kPairB).uniform(2, 3, 4),
                                  CounterRng(1, Purpose::kShuffle).uniform(9, 3, 4),
                                  CounterRng(1, Purpose::kShuffle).uniform(2, 9, 4),
                                  CounterRng(1, Purpose::kShuffle).uniform(2, 3, 9)};
  EXPECT_EQ(draws.size(), 6U);
}

TEST(CounterRngTest, UniformHasTheMomentsOfUniform) {
  const CounterRng draws(5, Purpose::kCropA);
  constexpr int kCount = 100000;
  double sum = 0;
  double squares = 0;
  for (uint32_t i = 0; i < kCount; ++i) {
    const double value = draws.uniform(1, i);
    ASSERT_GE(value, 0.0);
    ASSERT_LT(value, 1.0);
    sum += value;
    squares += value * value;
  }
  const double mean = sum / kCount;
  EXPECT_NEAR(mean, 0.5, 0.005);  // five standard errors
  EXPECT_NEAR(squares / kCount - mean * mean, 1.0 / 12, 0.003);
}

TEST(CounterRngTest, NormalHasTheMomentsOfNormal) {
  const CounterRng draws(5, Purpose::kInitWeights);
  constexpr int kCount = 100000;
  double moments[5] = {};
  for (uint32_t i = 0; i < kCount; ++i) {
    const double value = draws.normal(0, i);
    ASSERT_TRUE(std::isfinite(value));
    for (int power = 1; power <= 4; ++power) moments[power] += std::pow(value, power) / kCount;
  }
  EXPECT_NEAR(moments[1], 0, 0.016);
  EXPECT_NEAR(moments[2], 1, 0.023);
  EXPECT_NEAR(moments[3], 0, 0.062);
  EXPECT_NEAR(moments[4], 3, 0.16);
}

// The initial weights of all runs depend on it.
TEST(CounterRngTest, FillNormalHasTheBitsOfNormal) {
  std::vector<float> filled;
  const auto expect_equal = [&](uint32_t seed, uint32_t step, uint32_t first, size_t count,
                                double mean, double deviation) {
    const CounterRng draws(seed, Purpose::kInitWeights);
    filled.assign(count + 1, -1);
    draws.fill_normal(step, first, mean, deviation, std::span(filled).first(count));
    for (size_t i = 0; i < count; ++i) {
      const double exact = draws.normal(step, first + static_cast<uint32_t>(i));
      ASSERT_EQ(std::bit_cast<uint32_t>(filled[i]),
                std::bit_cast<uint32_t>(static_cast<float>(mean + deviation * exact)))
          << seed << " " << step << " " << first + i;
    }
    EXPECT_EQ(filled[count], -1) << "behind the end";
  };
  for (const size_t count : {0, 1, 255, 256, 257, 1000}) expect_equal(1, 3004, 0, count, 0, 0.02);
  expect_equal(2147483647, 1, 262144, 500'000, 0, 0.02);
  expect_equal(0, 4063, 4294900000, 60'000, 1, 0.02);
  expect_equal(7, 1000, 0, 500'000, 0, 1);
}

TEST(CounterRngTest, IndexReachesEveryValueAboutEquallyOften) {
  const CounterRng draws(9, Purpose::kPoolA);
  std::vector<int> counts(7, 0);
  for (uint32_t i = 0; i < 70000; ++i) ++counts.at(draws.index(7, 3, i));
  for (const int count : counts) EXPECT_NEAR(count, 10000, 500);
}

TEST(CounterRngTest, PermutationHoldsEveryIndexOnce) {
  for (const uint32_t count : {0U, 1U, 2U, 57U, 1000U}) {
    std::vector<uint32_t> order = CounterRng(3, Purpose::kShuffle).permutation(count, 4);
    std::sort(order.begin(), order.end());
    ASSERT_EQ(order.size(), count);
    for (uint32_t i = 0; i < count; ++i) EXPECT_EQ(order[i], i);
  }
}

TEST(CounterRngTest, PermutationsOfTwoEpochsDiffer) {
  const CounterRng draws(3, Purpose::kShuffle);
  EXPECT_EQ(draws.permutation(50, 1), draws.permutation(50, 1));
  EXPECT_NE(draws.permutation(50, 1), draws.permutation(50, 2));
}

}  // namespace
}  // namespace scgan
