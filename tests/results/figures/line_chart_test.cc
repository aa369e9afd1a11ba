#include "results/figures/line_chart.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/results/figures/svg_texts.h"

namespace scgan::results {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

LineChart chart() {
  return {
      .title = "synthetic: losses",
      .x_title = "step",
      .y_title = "FID",
      .alt = "Curves",
      .notes = {},
      .labels = {"cyclegan", "scgan"},
      .panels = {
          {.title = "one",
           .series = {
               {.label = 0, .x = {0, 50, 100}, .y = {0, 100, 50}},
               {.label = 1, .x = {0, 100}, .y = {20, 40}, .low = {10, 30}, .high = {30, 60}}}}}};
}

// The paths that `attributes` follow, in pixels.
std::vector<std::vector<double>> paths(const std::string& svg, const std::string& attributes) {
  const std::regex path("<path d=\"([^\"]*)\" " + attributes);
  const std::regex number("-?[0-9.]+");
  std::vector<std::vector<double>> all;
  for (std::sregex_iterator found(svg.begin(), svg.end(), path), end; found != end; ++found) {
    const std::string data = (*found)[1];
    all.emplace_back();
    for (std::sregex_iterator each(data.begin(), data.end(), number); each != end; ++each) {
      all.back().push_back(std::stod(each->str()));
    }
  }
  return all;
}

// The frame is 460 x 280 pixels; both axes go from 0 to 100.
TEST(LineChartTest, LinesAndBandsAreAtTheirValues) {
  const std::string svg = line_chart_svg(chart());
  expect_readable(svg);
  const auto lines = paths(svg, "fill=\"none\"");
  ASSERT_THAT(lines, SizeIs(2));
  const double left = lines[0][0], bottom = lines[0][1];
  const auto at = [&](double x, double y) {
    return std::vector{left + x / 100 * 460, bottom - y / 100 * 280};
  };
  const auto expect_path = [](const std::vector<double>& path,
                              const std::vector<std::vector<double>>& points) {
    ASSERT_EQ(path.size(), 2 * points.size());
    for (size_t i = 0; i < points.size(); ++i) {
      EXPECT_NEAR(path[2 * i], points[i][0], 0.11);
      EXPECT_NEAR(path[2 * i + 1], points[i][1], 0.11);
    }
  };
  expect_path(lines[0], {at(0, 0), at(50, 100), at(100, 50)});
  expect_path(lines[1], {at(0, 20), at(100, 40)});
  const auto bands = paths(svg, "fill=\"currentColor\" fill-opacity");
  ASSERT_THAT(bands, SizeIs(1));
  expect_path(bands[0], {at(0, 10), at(100, 30), at(100, 60), at(0, 30)});
  EXPECT_THAT(svg, HasSubstr("<title>scgan, step 100: 40 (30 to 60)</title>"));
}

TEST(LineChartTest, AStaircaseKeepsItsValueUntilTheNextStep) {
  LineChart steps = chart();
  steps.steps = true;
  const auto lines = paths(line_chart_svg(steps), "fill=\"none\"");
  ASSERT_THAT(lines.at(0), SizeIs(10));
  EXPECT_EQ(lines[0][1], lines[0][3]) << "from 0 at 0 to 0 at 50";
  EXPECT_EQ(lines[0][2], lines[0][4]) << "then up";
}

TEST(LineChartTest, PanelsCanShareTheirAxes) {
  LineChart two = chart();
  two.panels.push_back({.title = "two", .series = {{.label = 0, .x = {0, 10}, .y = {1, 2}}}});
  EXPECT_THAT(texts_of(line_chart_svg(two), "100"), SizeIs(2)) << "x and y of the first panel";
  two.same_y = true;
  EXPECT_THAT(texts_of(line_chart_svg(two), "100"), SizeIs(4));
}

TEST(LineChartTest, NoTextLiesOnAnotherOrOutside) {
  for (const size_t panels : {1, 2, 3, 10}) {
    for (const auto& [x, y] : std::vector<std::pair<double, double>>{
             {1, 1}, {48, 0.02}, {299999, 1234.5}, {4e6, 1e-9}, {2e8, -7e7}, {0, 0}}) {
      SCOPED_TRACE(fmt::format("{} panels, {} {}", panels, x, y));
      LineChart hard = chart();
      hard.labels = {"scgan train.learning_rate=0.0002 train.epochs=200", "b"};
      hard.x_title = "Recovered change relative to the median of a_model_with_a_long_name, " +
                     std::string(40, 'x');
      hard.y_title = "FID (some_extractor_with_a_long_name.pt features), " + std::string(30, 'y');
      hard.notes = {std::string(60, 'n') + " " + std::string(90, 'm')};
      hard.panels.clear();
      for (size_t i = 0; i < panels; ++i) {
        hard.panels.push_back({.title = "Self-supervised, images of B (ssl_a)",
                               .series = {{.label = i % 2, .x = {0, x}, .y = {0, y}}}});
      }
      expect_readable(line_chart_svg(hard));
    }
  }
  LineChart empty = chart();
  empty.panels = {{.title = "none", .series = {}}};
  expect_readable(line_chart_svg(empty));
}

}  // namespace
}  // namespace scgan::results
