#include "results/figures/svg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <regex>
#include <string>
#include <vector>

namespace scgan::results {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(SvgTest, TicksAreNiceAndEncloseTheRange) {
  EXPECT_THAT(nice_ticks(31, 66, 6), ElementsAre(30, 40, 50, 60, 70));
  EXPECT_THAT(nice_ticks(-0.12, 0.31, 5),
              ElementsAre(DoubleEq(-0.2), DoubleEq(-0.1), DoubleEq(0), DoubleEq(0.1), DoubleEq(0.2),
                          DoubleEq(0.3), DoubleEq(0.4)));
  EXPECT_THAT(nice_ticks(0, 1, 5).size(), 6);
}

// Scores that differ in the last bit because they were summed in another order.
TEST(SvgTest, TicksOfNearlyEqualValuesDiffer) {
  const double value = 61.25;
  const double next = std::nextafter(value, 100.0);
  const std::vector<double> ticks = nice_ticks(value, next, 6);
  EXPECT_GE(ticks.size(), 3U);
  EXPECT_LE(ticks.size(), 12U);
  EXPECT_LE(ticks.front(), value);
  EXPECT_GE(ticks.back(), next);
  EXPECT_EQ(std::ranges::adjacent_find(ticks, std::greater_equal()), ticks.end());
}

TEST(SvgTest, LabelsOfTicksDifferAndAreShort) {
  EXPECT_THAT(make_axis(-0.12, 0.31, 5).labels,
              ElementsAre("-0.2", "-0.1", "0.0", "0.1", "0.2", "0.3", "0.4"));
  EXPECT_THAT(make_axis(0, 4e7, 4).labels,
              ElementsAre("0e+00", "1e+07", "2e+07", "3e+07", "4e+07"));
  for (const auto& [low, high] : std::vector<std::pair<double, double>>{{1e-12, 3e-12},
                                                                        {5e9, 5.00001e9},
                                                                        {-3e-7, 0},
                                                                        {999.99, 1000.01},
                                                                        {0, 0},
                                                                        {1e300, 2e300}}) {
    std::vector<std::string> labels = make_axis(low, high, 6).labels;
    for (const std::string& label : labels) EXPECT_LE(label.size(), 13U) << label;
    std::ranges::sort(labels);
    EXPECT_EQ(std::ranges::adjacent_find(labels), labels.end()) << low << " " << high;
  }
}

// The advance widths of DejaVu Sans 2.37: A 1401, i 569, W 2025, 0 1303 of 2048 units.
TEST(SvgTest, TextIsAsWideAsInTheFont) {
  EXPECT_NEAR(text_width("A", 100), 68.4, 1);
  EXPECT_NEAR(text_width("iii", 100), 3 * 27.8, 3);
  EXPECT_NEAR(text_width("W0", 100), 98.9 + 63.6, 2);
  EXPECT_GT(text_width("W0", 100, true), text_width("W0", 100));
  EXPECT_LT(text_width("\xc3\xa9", 100), 2 * text_width("e", 100)) << "two bytes, one character";
}

TEST(SvgTest, TextIsWrappedBetweenWordsAndInsideLongOnes) {
  const double five = text_width("aaaaa", 10);
  EXPECT_THAT(wrap_text("aa aa aa", five, 10), ElementsAre("aa aa", "aa"));
  EXPECT_THAT(wrap_text("b aaaaaaaaaaaa", five, 10), ElementsAre("b", "aaaaa", "aaaaa", "aa"));
  EXPECT_THAT(wrap_text("\xc3\xa9\xc3\xa9", 1, 10), ElementsAre("\xc3\xa9", "\xc3\xa9"));
  EXPECT_TRUE(wrap_text("", five, 10).empty());
}

TEST(SvgTest, PositionsAreSpreadWithinTheirLimits) {
  std::vector<double> positions = {10, 10, 11, 50, 99, 99};
  spread_apart(positions, 5, 0, 100);
  EXPECT_THAT(positions, ElementsAre(10, 15, 20, 50, 95, 100));
  positions = {-3, 0, 0};
  spread_apart(positions, 5, 0, 100);
  EXPECT_THAT(positions, ElementsAre(0, 5, 10));
}

TEST(SvgTest, TextsAreEscaped) {
  EXPECT_THAT(text_at(0, 0, "a<b & \"c\""), HasSubstr(">a&lt;b &amp; &quot;c&quot;<"));
  EXPECT_THAT(marker_at(0, {.x = 1, .y = 1, .title = "<&"}), HasSubstr("<title>&lt;&amp;</title>"));
  EXPECT_THAT(svg_document(1, 1, "a \"b\"", ""), HasSubstr("aria-label=\"a &quot;b&quot;\""));
}

// Relative luminance and contrast as WCAG 2 defines them.
double luminance(const std::string& colour) {
  double sum = 0;
  for (const auto& [at, weight] :
       {std::pair(1, 0.2126), std::pair(3, 0.7152), std::pair(5, 0.0722)}) {
    const double c = std::stoi(colour.substr(static_cast<size_t>(at), 2), nullptr, 16) / 255.0;
    sum += weight * (c <= 0.03928 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4));
  }
  return sum;
}

double contrast(const std::string& a, const std::string& b) {
  const double high = std::max(luminance(a), luminance(b));
  return (high + 0.05) / (std::min(luminance(a), luminance(b)) + 0.05);
}

// WCAG 2.1, level AA: 3 : 1 for graphics, 4.5 : 1 for text.
TEST(SvgTest, ColoursCanBeSeenOnLightAndDarkPages) {
  ASSERT_NEAR(contrast("#ffffff", "#000000"), 21, 1e-9);
  const std::string style(kFigureStyle);
  const auto dark = [&](const std::string& rule) {
    std::smatch found;
    EXPECT_TRUE(std::regex_search(style, found, std::regex(rule + ".*?(#[0-9a-f]{6})"))) << rule;
    return found[1].str();
  };
  const std::string paper = dark("\\.paper \\{ fill:");
  for (size_t series = 0; series < 7; ++series) {
    const std::string light = open_series(series).substr(open_series(series).find('#'), 7);
    EXPECT_GE(contrast(light, "#ffffff"), 3) << light;
    EXPECT_GE(contrast(dark(".s" + std::to_string(series) + " \\{ color:"), paper), 3) << series;
  }
  const std::string muted = text_at(0, 0, "", {.muted = true});
  EXPECT_GE(contrast(muted.substr(muted.find('#'), 7), "#ffffff"), 4.5);
  EXPECT_GE(contrast(dark("\\.muted \\{ fill:"), paper), 4.5);
  EXPECT_GE(contrast(dark("\\.frame \\{ stroke:"), paper), 3);
}

}  // namespace
}  // namespace scgan::results
