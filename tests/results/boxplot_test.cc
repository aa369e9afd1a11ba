#include "results/boxplot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "sample_store.h"

namespace scgan::results {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Boxplot figure() {
  return {.title = "synthetic: FID (random_conv features), AtoB",
          .x_title = "Training images used (%)",
          .y_title = "FID (random_conv features)",
          .groups = {"20", "60", "100"},
          .series = {{"cyclegan", {{61, 66, 58, 62, 90}, {52, 50, 57, 51, 53}, {44, 47, 43}}},
                     {"cyclegan_diffaug", {{51, 55, 49, 52, 50}, {44, 40, 42, 45, 41}, {38}}},
                     {"scgan", {{47, 44, 51, 46, 49}, {}, {31, 35, 33, 36, 30}}}},
          .baselines = {{"real halves", 22}, {"untranslated", 400}}};
}

TEST(BoxplotTest, FigureEqualsTheApprovedFile) {
  expect_approved(boxplot_svg(figure()), "boxplot.svg");
}

TEST(BoxplotTest, FarBaselineIsNotDrawn) {
  EXPECT_THAT(boxplot_svg(figure()), HasSubstr("real halves"));
  EXPECT_THAT(boxplot_svg(figure()), Not(HasSubstr("untranslated")));
}

TEST(BoxplotTest, EqualValuesAndNoValuesCanBeDrawn) {
  Boxplot plot = figure();
  plot.baselines.clear();
  plot.series = {{"one", {{5}, {5, 5}, {}}}};
  EXPECT_THAT(boxplot_svg(plot), Not(HasSubstr("nan")));
  plot.series = {{"none", {{}, {}, {}}}};
  EXPECT_THAT(boxplot_svg(plot), Not(HasSubstr("nan")));
}

TEST(BoxplotTest, LabelsAreEscaped) {
  Boxplot plot = figure();
  plot.series[0].label = "a<b & \"c\"";
  EXPECT_THAT(boxplot_svg(plot), HasSubstr("a&lt;b &amp; &quot;c&quot;"));
}

TEST(BoxplotTest, TicksAreNiceAndEncloseTheRange) {
  EXPECT_THAT(nice_ticks(31, 66, 6), ElementsAre(30, 40, 50, 60, 70));
  EXPECT_THAT(nice_ticks(-0.12, 0.31, 5),
              ElementsAre(DoubleEq(-0.2), DoubleEq(-0.1), DoubleEq(0), DoubleEq(0.1), DoubleEq(0.2),
                          DoubleEq(0.3), DoubleEq(0.4)));
  EXPECT_THAT(nice_ticks(0, 1, 5).size(), 6);
}

// Scores that differ in the last bit because they were summed in another order.
TEST(BoxplotTest, TicksOfNearlyEqualValuesDiffer) {
  const double value = 61.25;
  const double next = std::nextafter(value, 100.0);
  const std::vector<double> ticks = nice_ticks(value, next, 6);
  EXPECT_GE(ticks.size(), 3U);
  EXPECT_LE(ticks.size(), 12U);
  EXPECT_LE(ticks.front(), value);
  EXPECT_GE(ticks.back(), next);
  EXPECT_EQ(std::ranges::adjacent_find(ticks, std::greater_equal()), ticks.end());
}

}  // namespace
}  // namespace scgan::results
