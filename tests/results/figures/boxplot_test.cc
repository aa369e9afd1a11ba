#include "results/figures/boxplot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <string>
#include <string_view>
#include <vector>

#include "tests/results/figures/svg_texts.h"
#include "tests/results/sample_store.h"

namespace scgan::results {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::vector<BoxplotPoint>> points(const std::vector<std::vector<double>>& groups) {
  std::vector<std::vector<BoxplotPoint>> all;
  for (const auto& values : groups) {
    all.emplace_back();
    for (const double value : values) all.back().push_back({.value = value});
  }
  return all;
}

Boxplot figure() {
  return {
      .title = "synthetic: FID (random_conv features), AtoB",
      .x_title = "Training images used (%)",
      .y_title = "FID (random_conv features)",
      .alt = "Boxplots",
      .notes = {},
      .groups = {"20", "60", "100"},
      .series = {{"cyclegan", points({{61, 66, 58, 62, 90}, {52, 50, 57, 51, 53}, {44, 47, 43}})},
                 {"cyclegan_diffaug", points({{51, 55, 49, 52, 50}, {44, 40, 42, 45, 41}, {38}})},
                 {"scgan", points({{47, 44, 51, 46, 49}, {}, {31, 35, 33, 36, 30}})}},
      .baselines = {{"real halves", 22}, {"untranslated", 400}}};
}

TEST(BoxplotTest, FigureEqualsTheApprovedFile) {
  expect_approved(boxplot_svg(figure()), "boxplot.svg");
}

TEST(BoxplotTest, AxisReachesBaselinesUnlessTheValuesWouldBeSmall) {
  const std::string svg = boxplot_svg(figure());  // values from 30 to 90
  EXPECT_THAT(texts_of(svg, "real halves"), SizeIs(1));
  EXPECT_THAT(texts_of(svg, "untranslated: 400, above"), SizeIs(1));
  EXPECT_THAT(texts_of(svg, "200"), IsEmpty());
  Boxplot near = figure();
  near.baselines[1].value = 200;
  EXPECT_THAT(texts_of(boxplot_svg(near), "untranslated"), SizeIs(1));
  EXPECT_THAT(texts_of(boxplot_svg(near), "200"), SizeIs(1));  // a tick
  near.baselines[1].value = -400;
  EXPECT_THAT(texts_of(boxplot_svg(near), "untranslated: -400, below"), SizeIs(1));
}

// Values around `centre`, `groups` percentages, and baselines that are equal, near, far, or beyond.
Boxplot hard_figure(size_t groups, size_t series, double centre, double range) {
  Boxplot plot{.title = "synthetic: FID (random_conv features), AtoB",
               .x_title = "Training images used (%)",
               .y_title = "FID (some_extractor_with_a_long_name.pt, its features), of BtoA",
               .alt = "Boxplots",
               .notes = {std::string(60, 'n') + " " + std::string(90, 'm')},
               .groups = {},
               .series = {},
               .baselines = {{"untranslated", centre},
                             {"real halves", centre + 0.001 * range},
                             {"all of the change", centre + 0.9 * range}}};
  for (size_t g = 0; g < groups; ++g)
    plot.groups.push_back(fmt::format("{:.5g}", 12.345 * (g + 1)));
  for (size_t s = 0; s < series; ++s) {
    plot.series.push_back(
        {.label = fmt::format("scgan train.learning_rate=0.000{} width={}", s, s), .groups = {}});
    for (size_t g = 0; g < groups; ++g) {
      const double value = centre + range * static_cast<double>((s * 7 + g * 3) % 5) / 5;
      plot.series.back().groups.push_back({{value}, {value + range / 5}, {value + range / 9}});
    }
  }
  return plot;
}

TEST(BoxplotTest, NoTextLiesOnAnotherOrOutside) {
  for (const size_t groups : {1, 2, 5, 10}) {
    for (const size_t series : {1, 3, 9}) {
      for (const auto& [centre, range] : std::vector<std::pair<double, double>>{
               {40, 30}, {40, 1e-7}, {40, 0}, {-0.02, 0.05}, {-3, 0.5}, {1e9, 1e8}, {0, 1e-9}}) {
        SCOPED_TRACE(fmt::format("{} groups, {} series, {} + {}", groups, series, centre, range));
        Boxplot plot = hard_figure(groups, series, centre, range);
        expect_readable(boxplot_svg(plot));
        for (BoxplotBaseline& baseline : plot.baselines) baseline.value *= -20;
        expect_readable(boxplot_svg(plot));
      }
    }
  }
}

// They are to the right of the frame, where no point is.
TEST(BoxplotTest, LabelsOfBaselinesAreBesideTheFrame) {
  for (const double value : {22.0, 22.5, 60.0, 1e6, -1e6}) {
    Boxplot plot = figure();
    plot.baselines = {{"line a", value}, {"line b", value}, {"line c", value * 1.001}};
    const std::string svg = boxplot_svg(plot);
    const size_t frame = svg.find("fill=\"none\" class=\"frame\"");
    const std::string rectangle = svg.substr(svg.rfind('<', frame), 100);
    const double right = number_after(rectangle, "x", 0) + number_after(rectangle, "width", 0);
    std::vector<SvgText> labels = texts_of(svg, "line [abc].*");
    ASSERT_THAT(labels, SizeIs(3));
    std::ranges::sort(labels, {}, &SvgText::bottom);
    for (const SvgText& label : labels) EXPECT_GT(label.left, right);
    EXPECT_GE(labels[1].bottom - labels[0].bottom, 11) << value;
    EXPECT_GE(labels[2].bottom - labels[1].bottom, 11) << value;
  }
}

TEST(BoxplotTest, OneOrTwoValuesArePointsWithoutABox) {
  Boxplot plot = figure();
  plot.baselines.clear();
  plot.series = {{"one", points({{5}, {5, 7}, {}})}};
  // The background and the frame.
  EXPECT_EQ(std::ranges::distance(std::views::split(boxplot_svg(plot), std::string_view("<rect"))),
            3);
  plot.series = {{"one", points({{5}, {5, 7}, {5, 6, 7}})}};
  EXPECT_EQ(std::ranges::distance(std::views::split(boxplot_svg(plot), std::string_view("<rect"))),
            4);
}

TEST(BoxplotTest, PointsSayWhatTheyAre) {
  Boxplot plot = figure();
  plot.series[0].groups[1][2] = {
      .value = 57, .title = "cyclegan, 60 %, seed 3: 57", .hollow = true};
  const std::string svg = boxplot_svg(plot);
  EXPECT_THAT(svg, HasSubstr("<title>cyclegan, 60 %, seed 3: 57</title></circle>"));
  EXPECT_EQ(std::ranges::distance(std::views::split(svg, std::string_view("class=\"hollow\""))), 2);
}

TEST(BoxplotTest, EqualValuesAndNoValuesCanBeDrawn) {
  Boxplot plot = figure();
  plot.baselines.clear();
  plot.series = {{"one", points({{5}, {5, 5}, {}})}};
  expect_readable(boxplot_svg(plot));
  plot.series = {{"none", points({{}, {}, {}})}};
  expect_readable(boxplot_svg(plot));
}

TEST(BoxplotTest, LabelsAreEscaped) {
  Boxplot plot = figure();
  plot.series[0].label = "a<b & \"c\"";
  EXPECT_THAT(boxplot_svg(plot), HasSubstr("a&lt;b &amp; &quot;c&quot;"));
}

}  // namespace
}  // namespace scgan::results
