#include "core/base/stats.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

namespace scgan {
namespace {

TEST(StatsTest, QuartilesAreType7) {
  const std::array values = {9.0, 1.0, 2.0};
  EXPECT_EQ(quantile(values, 0.25), 1.5);
  EXPECT_EQ(quantile(values, 0.5), 2.0);
  EXPECT_EQ(quantile(values, 0.75), 5.5);
}

TEST(StatsTest, ExtremeQuantilesAreMinimumAndMaximum) {
  const std::array values = {9.0, 1.0, 2.0};
  EXPECT_EQ(quantile(values, 0), 1.0);
  EXPECT_EQ(quantile(values, 1), 9.0);
}

TEST(StatsTest, MedianOfAnEvenCountIsTheMiddleOfTwo) {
  EXPECT_EQ(median(std::array{4.0, 1.0, 3.0, 2.0}), 2.5);
}

TEST(StatsTest, StandardDeviationDividesByOneLess) {
  const std::array values = {2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0};
  EXPECT_EQ(mean(values), 5.0);
  EXPECT_DOUBLE_EQ(sample_sd(values), std::sqrt(32.0 / 7.0));
}

TEST(StatsTest, OneValueHasNoSpread) {
  const std::array values = {3.0};
  EXPECT_EQ(mean(values), 3.0);
  EXPECT_EQ(median(values), 3.0);
  EXPECT_TRUE(std::isnan(sample_sd(values)));
}

TEST(StatsTest, StatisticsOfNoValuesAreNaN) {
  const std::vector<double> none;
  EXPECT_TRUE(std::isnan(mean(none)));
  EXPECT_TRUE(std::isnan(median(none)));
}

}  // namespace
}  // namespace scgan
