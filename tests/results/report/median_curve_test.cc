#include "results/report/median_curve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace scgan::results {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(MedianCurveTest, TheBandOfFewRunsReachesFromTheLowestToTheHighest) {
  const Curve curve = median_curve({{{1, 5}, {2, 9}}, {{1, 1}, {2, 8}}, {{1, 3}, {2, 1}}}, 10);
  EXPECT_THAT(curve.step, ElementsAre(1, 2));
  EXPECT_THAT(curve.median, ElementsAre(3, 8));
  EXPECT_THAT(curve.low, ElementsAre(1, 1));
  EXPECT_THAT(curve.high, ElementsAre(5, 9));
}

TEST(MedianCurveTest, TheBandOfFiveRunsIsBetweenTheQuartiles) {
  const Curve curve = median_curve({{{7, 50}}, {{7, 20}}, {{7, 10}}, {{7, 40}}, {{7, 30}}}, 10);
  EXPECT_THAT(curve.median, ElementsAre(30));
  EXPECT_THAT(curve.low, ElementsAre(20));
  EXPECT_THAT(curve.high, ElementsAre(40));
}

TEST(MedianCurveTest, OneRunHasNoBandAndNoRunNoCurve) {
  const Curve curve = median_curve({{{1, 5}, {2, 9}}, {}}, 10);
  EXPECT_THAT(curve.median, ElementsAre(5, 9));
  EXPECT_THAT(curve.low, IsEmpty());
  EXPECT_THAT(curve.high, IsEmpty());
  EXPECT_THAT(median_curve({}, 10).step, IsEmpty());
  EXPECT_THAT(median_curve({{}, {}}, 10).step, IsEmpty());
}

// Five steps in groups of two: 10 and 20, 30 and 40, 50.
TEST(MedianCurveTest, NeighbouringStepsOfALongCurveArePutTogether) {
  const Curve curve = median_curve({{{10, 1}, {20, 3}, {30, 5}, {40, 7}, {50, 9}},
                                    {{10, 11}, {20, 13}, {30, 15}, {40, 17}, {50, 19}}},
                                   3);
  EXPECT_THAT(curve.step, ElementsAre(20, 40, 50));
  EXPECT_THAT(curve.median, ElementsAre(7, 11, 14));  // of 2 and 12, 6 and 16, 9 and 19
  EXPECT_THAT(curve.low, ElementsAre(2, 6, 9));
}

TEST(MedianCurveTest, ARunWithoutAStepDoesNotCountThere) {
  const Curve curve = median_curve({{{1, 5}, {3, 9}}, {{2, 1}, {3, 3}}}, 10);
  EXPECT_THAT(curve.step, ElementsAre(1, 2, 3));
  EXPECT_THAT(curve.median, ElementsAre(5, 1, 6));
}

}  // namespace
}  // namespace scgan::results
