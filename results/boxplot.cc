#include "results/boxplot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>

#include "core/base/stats.h"
#include "results/markup.h"

namespace scgan::results {
namespace {

// Okabe and Ito's palette without yellow, which is too faint on white.
constexpr std::array kColours = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                 "#E69F00", "#56B4E9", "#000000"};

// Pixels.
constexpr double kLeft = 74, kRight = 16, kPlotHeight = 300, kBottom = 62;
constexpr double kTitleHeight = 34, kLegendRow = 20, kLegendSwatch = 24;
constexpr double kSlot = 34, kGroupGap = 30, kMinWidth = 560;
constexpr double kCharacter = 6.8;  // width of an average character at 12 px, rounded up
constexpr double kPointStep = 7, kPointRadius = 3.4;

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void include(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

struct Frame {
  double width = 0, top = 0;  // of the plot area's upper edge
  Range range;                // values at the lower and the upper edge

  double bottom() const { return top + kPlotHeight; }
  double right() const { return width - kRight; }
  double y(double value) const {
    return bottom() - (value - range.low) / (range.high - range.low) * kPlotHeight;
  }
};

// Coordinates with one decimal; never "-0.0".
std::string px(double value) {
  std::string text = fmt::format("{:.1f}", value);
  return text == "-0.0" ? "0.0" : text;
}

struct Line {
  double x1, y1, x2, y2;
};

std::string line(const Line& at, const std::string& style) {
  return fmt::format("<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" {}/>\n", px(at.x1), px(at.y1),
                     px(at.x2), px(at.y2), style);
}

std::string text(double x, double y, const std::string& anchor, const std::string& content) {
  return fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"{}\">{}</text>\n", px(x), px(y), anchor,
                     escape_markup(content));
}

// The point of a series: circle, square, triangle or diamond, so that series differ by more than
// their colour.
std::string marker(size_t series, double x, double y) {
  const std::string style = fmt::format("fill=\"{}\" stroke=\"#ffffff\" stroke-width=\"0.8\"",
                                        kColours[series % kColours.size()]);
  const double r = kPointRadius;
  switch (series % 4) {
    case 0:
      return fmt::format("<circle cx=\"{}\" cy=\"{}\" r=\"{}\" {}/>\n", px(x), px(y), px(r), style);
    case 1:
      return fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" {}/>\n", px(x - r),
                         px(y - r), px(2 * r), px(2 * r), style);
    case 2:
      return fmt::format("<path d=\"M{} {}L{} {}L{} {}Z\" {}/>\n", px(x), px(y - 1.2 * r),
                         px(x + 1.2 * r), px(y + r), px(x - 1.2 * r), px(y + r), style);
    default:
      return fmt::format("<path d=\"M{} {}L{} {}L{} {}L{} {}Z\" {}/>\n", px(x), px(y - 1.4 * r),
                         px(x + 1.4 * r), px(y), px(x), px(y + 1.4 * r), px(x - 1.4 * r), px(y),
                         style);
  }
}

Range value_range(const Boxplot& plot) {
  Range range;
  for (const BoxplotSeries& series : plot.series) {
    for (const auto& values : series.groups) {
      for (const double value : values) range.include(value);
    }
  }
  if (range.low > range.high) return {.low = 0, .high = 1};
  return range;
}

// The baselines that lie at most half the range of the values (at least a tenth of the largest one)
// outside that range.
std::vector<BoxplotBaseline> nearby(const Boxplot& plot, const Range& values) {
  const double reach = std::max(0.5 * (values.high - values.low), 0.1 * std::abs(values.high));
  std::vector<BoxplotBaseline> near;
  std::ranges::copy_if(plot.baselines, std::back_inserter(near), [&](const auto& baseline) {
    return baseline.value >= values.low - reach && baseline.value <= values.high + reach;
  });
  return near;
}

// The y axis: title, ticks with faint grid lines, frame.
std::string y_axis(const Boxplot& plot, const Frame& frame, const std::vector<double>& ticks) {
  const double step = ticks[1] - ticks[0];
  const int decimals = std::max(0, static_cast<int>(-std::floor(std::log10(step) + 1e-9)));
  std::string svg;
  for (const double tick : ticks) {
    const double y = frame.y(tick);
    svg += line({kLeft, y, frame.right(), y}, "stroke=\"#e4e4e4\"");
    svg += text(kLeft - 8, y + 4, "end", fmt::format("{:.{}f}", tick, decimals));
  }
  svg += fmt::format(
      "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"none\" "
      "stroke=\"#555555\"/>\n",
      px(kLeft), px(frame.top), px(frame.right() - kLeft), px(kPlotHeight));
  const double middle = frame.top + kPlotHeight / 2;
  svg += fmt::format(
      "<text transform=\"translate(18 {}) rotate(-90)\" text-anchor=\"middle\">{}"
      "</text>\n",
      px(middle), escape_markup(plot.y_title));
  return svg;
}

// One box with its whiskers and points around x; a single value has only a median line and a point.
std::string box(size_t series, const std::vector<double>& values, double x, const Frame& frame) {
  const double q1 = quantile(values, 0.25), q3 = quantile(values, 0.75);
  const double reach = 1.5 * (q3 - q1);
  Range whisker{.low = q1, .high = q3};
  for (const double value : values) {
    if (value >= q1 - reach && value <= q3 + reach) whisker.include(value);
  }
  const std::string colour = kColours[series % kColours.size()];
  const std::string stroke = fmt::format("stroke=\"{}\"", colour);
  const double half = kSlot * 0.38, cap = half / 2;
  std::string svg;
  if (values.size() > 1) {
    svg += line({x, frame.y(whisker.low), x, frame.y(q1)}, stroke);
    svg += line({x, frame.y(q3), x, frame.y(whisker.high)}, stroke);
    svg += line({x - cap, frame.y(whisker.low), x + cap, frame.y(whisker.low)}, stroke);
    svg += line({x - cap, frame.y(whisker.high), x + cap, frame.y(whisker.high)}, stroke);
    svg += fmt::format(
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\" "
        "fill-opacity=\"0.18\" {}/>\n",
        px(x - half), px(frame.y(q3)), px(2 * half), px(frame.y(q1) - frame.y(q3)), colour, stroke);
  }
  const double middle = frame.y(median(values));
  svg += line({x - half, middle, x + half, middle}, stroke + " stroke-width=\"2\"");
  const auto count = static_cast<double>(values.size());
  const double spread = std::min(kPointStep, 1.6 * half / count);  // points stay inside their box
  for (size_t i = 0; i < values.size(); ++i) {
    const double offset = (static_cast<double>(i) - (count - 1) / 2) * spread;
    svg += marker(series, x + offset, frame.y(values[i]));
  }
  return svg;
}

std::string boxes(const Boxplot& plot, const Frame& frame) {
  const double group_width =
      (frame.right() - kLeft) / static_cast<double>(std::max<size_t>(1, plot.groups.size()));
  const double first_slot = -0.5 * (static_cast<double>(plot.series.size()) - 1) * kSlot;
  std::string svg;
  for (size_t g = 0; g < plot.groups.size(); ++g) {
    const double centre = kLeft + (static_cast<double>(g) + 0.5) * group_width;
    svg += text(centre, frame.bottom() + 20, "middle", plot.groups[g]);
    for (size_t s = 0; s < plot.series.size(); ++s) {
      const std::vector<double>& values = plot.series[s].groups.at(g);
      const double x = centre + first_slot + static_cast<double>(s) * kSlot;
      if (!values.empty()) svg += box(s, values, x, frame);
    }
  }
  svg += text((kLeft + frame.right()) / 2, frame.bottom() + 46, "middle", plot.x_title);
  return svg;
}

std::string baseline_lines(const std::vector<BoxplotBaseline>& baselines, const Frame& frame) {
  std::string svg;
  for (const BoxplotBaseline& baseline : baselines) {
    const double y = frame.y(baseline.value);
    svg += line({kLeft, y, frame.right(), y}, "stroke=\"#666666\" stroke-dasharray=\"5 4\"");
    const double below = y - frame.top < 16 ? 14 : -4;  // below the line only at the upper edge
    svg += fmt::format(
        "<text x=\"{}\" y=\"{}\" text-anchor=\"end\" font-size=\"11\" "
        "fill=\"#444444\">{}</text>\n",
        px(frame.right() - 6), px(y + below), escape_markup(baseline.label));
  }
  return svg;
}

// Fills rows from the left; sets `height` to the height of the rows.
std::string legend(const Boxplot& plot, double width, double& height) {
  std::string svg;
  double x = kLeft, y = kTitleHeight + 4;
  for (size_t s = 0; s < plot.series.size(); ++s) {
    const std::string& label = plot.series[s].label;
    const double needed = kLegendSwatch + kCharacter * static_cast<double>(label.size()) + 16;
    if (x > kLeft && x + needed > width - kRight) {
      x = kLeft;
      y += kLegendRow;
    }
    svg += line({x, y, x + 16, y},
                fmt::format("stroke=\"{}\" stroke-width=\"2\"", kColours[s % kColours.size()]));
    svg += marker(s, x + 8, y);
    svg += text(x + kLegendSwatch, y + 4, "start", label);
    x += needed;
  }
  height = y + kLegendRow - kTitleHeight;
  return svg;
}

double plot_width(const Boxplot& plot) {
  const auto groups = static_cast<double>(plot.groups.size());
  const auto series = static_cast<double>(plot.series.size());
  return std::max(kMinWidth, kLeft + kRight + groups * (series * kSlot + kGroupGap));
}

}  // namespace

std::vector<double> nice_ticks(double low, double high, int count) {
  // Ticks within a smaller range would have equal labels: the labels have too few digits.
  constexpr double kLeastSpan = 1e-9;  // relative
  if (!(high - low > kLeastSpan * std::max(std::abs(low), std::abs(high)))) {
    const double margin = std::max(0.05 * std::abs(low), 1e-6);
    low -= margin;
    high += margin;
  }
  const double rough = (high - low) / count;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  const double lead = rough / power;
  const double factor = lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10;
  const double step = factor * power;
  const auto first = static_cast<int64_t>(std::floor(low / step + 1e-9));
  const auto last = static_cast<int64_t>(std::ceil(high / step - 1e-9));
  std::vector<double> ticks;
  for (int64_t i = first; i <= last; ++i) ticks.push_back(static_cast<double>(i) * step);
  return ticks;
}

std::string boxplot_svg(const Boxplot& plot) {
  Range range = value_range(plot);
  const std::vector<BoxplotBaseline> baselines = nearby(plot, range);
  for (const BoxplotBaseline& baseline : baselines) range.include(baseline.value);
  const std::vector<double> ticks = nice_ticks(range.low, range.high, 6);

  Frame frame{.width = plot_width(plot), .range = {.low = ticks.front(), .high = ticks.back()}};
  double legend_height = 0;
  const std::string keys = legend(plot, frame.width, legend_height);
  frame.top = kTitleHeight + legend_height;
  const double height = frame.bottom() + kBottom;

  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} "
      "{1}\" "
      "font-family=\"sans-serif\" font-size=\"12\" fill=\"#222222\" role=\"img\">\n"
      "<title>{2}</title>\n<rect width=\"{0}\" height=\"{1}\" fill=\"#ffffff\"/>\n",
      px(frame.width), px(height), escape_markup(plot.title));
  svg += fmt::format("<text x=\"{}\" y=\"20\" font-size=\"14\" font-weight=\"bold\">{}</text>\n",
                     px(kLeft), escape_markup(plot.title));
  svg += keys;
  svg += y_axis(plot, frame, ticks);
  svg += boxes(plot, frame);
  svg += baseline_lines(baselines, frame);
  return svg + "</svg>\n";
}

}  // namespace scgan::results
