#include "results/statistics/holm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

namespace scgan::stats {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

// By hand: sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1 is 0.02, 0.03, 0.06, 0.04; the last one
// must not be below the one before.
TEST(HolmTest, AdjustedValuesNeverDecrease) {
  EXPECT_THAT(holm(std::array{0.01, 0.04, 0.03, 0.005}),
              ElementsAre(DoubleEq(0.03), DoubleEq(0.06), DoubleEq(0.06), DoubleEq(0.02)));
}

TEST(HolmTest, AdjustedValuesAreAtMostOne) {
  EXPECT_THAT(holm(std::array{0.4, 0.9, 0.5}), ElementsAre(1.0, 1.0, 1.0));
}

TEST(HolmTest, OneTestNeedsNoAdjustment) { EXPECT_THAT(holm(std::array{0.04}), ElementsAre(0.04)); }

TEST(HolmTest, EqualValuesGetEqualAdjustments) {
  EXPECT_THAT(holm(std::array{0.02, 0.02, 0.5}),
              ElementsAre(DoubleEq(0.06), DoubleEq(0.06), DoubleEq(0.5)));
}

TEST(HolmTest, MissingTestsDoNotCountInTheFamily) {
  EXPECT_THAT(holm(std::array{0.01, kMissing, 0.03}),
              ElementsAre(DoubleEq(0.02), testing::NanSensitiveDoubleEq(kMissing), DoubleEq(0.03)));
}

TEST(HolmTest, NoTestsGiveNoValues) { EXPECT_THAT(holm({}), IsEmpty()); }

}  // namespace
}  // namespace scgan::stats
