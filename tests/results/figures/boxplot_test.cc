#include "results/figures/boxplot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <ranges>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "tests/results/sample_store.h"

namespace scgan::results {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

Boxplot figure() {
  return {.title = "synthetic: FID (random_conv features), AtoB",
          .x_title = "Training images used (%)",
          .y_title = "FID (random_conv features)",
          .notes = {},
          .groups = {"20", "60", "100"},
          .series = {{"cyclegan", {{61, 66, 58, 62, 90}, {52, 50, 57, 51, 53}, {44, 47, 43}}},
                     {"cyclegan_diffaug", {{51, 55, 49, 52, 50}, {44, 40, 42, 45, 41}, {38}}},
                     {"scgan", {{47, 44, 51, 46, 49}, {}, {31, 35, 33, 36, 30}}}},
          .baselines = {{"real halves", 22}, {"untranslated", 400}}};
}

TEST(BoxplotTest, FigureEqualsTheApprovedFile) {
  expect_approved(boxplot_svg(figure()), "boxplot.svg");
}

// The y of each text that matches, in the order of the figure.
std::vector<double> heights_of(const std::string& svg, const std::string& pattern) {
  const std::regex text("<text x=\"[^\"]*\" y=\"([^\"]*)\"[^>]*>(" + pattern + ")</text>");
  std::vector<double> heights;
  for (std::sregex_iterator found(svg.begin(), svg.end(), text), end; found != end; ++found) {
    heights.push_back(std::stod((*found)[1]));
  }
  return heights;
}

TEST(BoxplotTest, AxisReachesBaselinesUnlessTheValuesWouldBeSmall) {
  const std::string svg = boxplot_svg(figure());  // values from 30 to 90
  EXPECT_THAT(heights_of(svg, "real halves"), SizeIs(1));
  EXPECT_THAT(heights_of(svg, "untranslated: 400, above"), SizeIs(1));
  EXPECT_THAT(heights_of(svg, "200"), IsEmpty());
  Boxplot near = figure();
  near.baselines[1].value = 200;
  EXPECT_THAT(heights_of(boxplot_svg(near), "untranslated"), SizeIs(1));
  EXPECT_THAT(heights_of(boxplot_svg(near), "200"), SizeIs(1));  // a tick
  near.baselines[1].value = -400;
  EXPECT_THAT(heights_of(boxplot_svg(near), "untranslated: -400, below"), SizeIs(1));
}

TEST(BoxplotTest, LabelsOfBaselinesDoNotOverlap) {
  for (const double value : {22.0, 22.5, 60.0, 1e6, -1e6}) {
    Boxplot plot = figure();
    plot.baselines = {{"line a", value}, {"line b", value}, {"line c", value * 1.001}};
    std::vector<double> heights = heights_of(boxplot_svg(plot), "line [abc][^<]*");
    ASSERT_THAT(heights, SizeIs(3));
    std::ranges::sort(heights);
    EXPECT_GE(heights[1] - heights[0], 11) << value;
    EXPECT_GE(heights[2] - heights[1], 11) << value;
  }
}

TEST(BoxplotTest, OneOrTwoValuesArePointsWithoutABox) {
  Boxplot plot = figure();
  plot.baselines.clear();
  plot.series = {{"one", {{5}, {5, 7}, {}}}};
  // The background and the frame.
  EXPECT_EQ(std::ranges::distance(std::views::split(boxplot_svg(plot), std::string_view("<rect"))),
            3);
}

TEST(BoxplotTest, LongTextsAreInsideTheFigure) {
  Boxplot plot = figure();
  plot.series[0].label = std::string(120, 'x');
  plot.notes = {std::string(150, 'a') + " " + std::string(150, 'b')};
  const std::string svg = boxplot_svg(plot);
  EXPECT_GT(std::stod(svg.substr(svg.find("width=\"") + 7)), 120 * 6.8);
  EXPECT_THAT(heights_of(svg, "a+ b+"), IsEmpty());  // two lines
  EXPECT_THAT(heights_of(svg, "b+"), SizeIs(1));
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
