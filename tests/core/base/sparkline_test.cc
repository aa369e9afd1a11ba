#include "core/base/sparkline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cmath>

#include "core/base/duration_text.h"

namespace scgan {
namespace {

TEST(SparklineTest, BarsGoFromTheLeastToTheGreatestValue) {
  EXPECT_EQ(sparkline({0, 1, 2, 3, 4, 5, 6, 7}, 8), "▁▂▃▄▅▆▇█");
  EXPECT_EQ(sparkline({4, 0, 1, 2, 3}, 8, /*ascii=*/true), "^_.-=");
  EXPECT_EQ(sparkline({3, 3}, 8), "▁▁");
  EXPECT_EQ(sparkline({}, 8), "");
  EXPECT_EQ(sparkline({1}, 0), "");
}

TEST(SparklineTest, MoreValuesThanColumnsAreAveraged) {
  EXPECT_EQ(sparkline({0, 0, 6, 8, 2, 2}, 3, /*ascii=*/true), "_^.");
}

TEST(SparklineTest, AValueThatIsNotFiniteIsABlank) {
  EXPECT_EQ(sparkline({0, NAN, 1, INFINITY}, 4, /*ascii=*/true), "_ ^ ");
}

TEST(SparklineTest, TheLocaleSaysWhetherTextsAreUtf8) {
  setenv("LC_ALL", "", 1);
  setenv("LC_CTYPE", "en_US.utf8", 1);
  setenv("LANG", "C", 1);
  EXPECT_TRUE(locale_is_utf8());
  setenv("LC_ALL", "C", 1);
  EXPECT_FALSE(locale_is_utf8());
}

TEST(ThinnedCurveTest, ManyValuesBecomeAFewMeans) {
  ThinnedCurve curve;
  for (int i = 0; i < 1000; ++i) curve.add(i);
  ASSERT_EQ(curve.values().size(), 125U);
  EXPECT_EQ(curve.values().front(), 3.5);  // of 0 to 7
  EXPECT_EQ(curve.values().at(1), 11.5);
}

TEST(DurationTextTest, DurationsHaveTwoUnitsAtMost) {
  EXPECT_EQ(duration_text(12.4), "12 s");
  EXPECT_EQ(duration_text(59.6), "1 min 00 s");
  EXPECT_EQ(duration_text(3900), "1 h 05 min");
  EXPECT_EQ(duration_text(-1), "unknown");
}

}  // namespace
}  // namespace scgan
