#include "results/figures/boxplot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <sstream>

#include "core/base/stats.h"
#include "results/figures/markup.h"

namespace scgan::results {
namespace {

// Okabe and Ito's palette without yellow, which is too faint on white.
constexpr std::array kColours = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                 "#E69F00", "#56B4E9", "#000000"};

// Pixels.
constexpr double kLeft = 74, kLeastRight = 16, kPlotHeight = 300, kBottom = 62;
constexpr double kTitleHeight = 34, kLegendRow = 20, kLegendSwatch = 24;
constexpr double kSlot = 34, kGroupGap = 30, kMinWidth = 560;
constexpr double kCharacter = 6.8;  // width of an average character at 12 px, rounded up
constexpr double kPointStep = 7, kPointRadius = 3.4;
constexpr double kSmallCharacter = 6.2;  // at 11 px
constexpr double kSmallRow = 14;         // of text at 11 px
constexpr double kLeader = 8;            // from a baseline to its label

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void include(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

struct Frame {
  double width = 0, right_margin = 0;
  double top = 0;  // of the plot area's upper edge
  Range range;     // values at the lower and the upper edge

  double bottom() const { return top + kPlotHeight; }
  double right() const { return width - right_margin; }
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

// Reaches as far as the baselines, the nearest first, while the values fill a quarter of it or
// more.
Range axis_range(const Boxplot& plot) {
  constexpr double kLeastShare = 0.25;
  const Range values = value_range(plot);
  const double span = std::max(values.high - values.low, 0.1 * std::abs(values.high));
  std::vector<double> lines;
  for (const BoxplotBaseline& baseline : plot.baselines) lines.push_back(baseline.value);
  std::ranges::sort(
      lines, {}, [&](double value) { return std::max(values.low - value, value - values.high); });
  Range range = values;
  for (const double value : lines) {
    Range wider = range;
    wider.include(value);
    if (span >= kLeastShare * (wider.high - wider.low)) range = wider;
  }
  return range;
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

std::string box_and_whiskers(size_t series, const std::vector<double>& values, double x,
                             const Frame& frame) {
  const double q1 = quantile(values, 0.25), q3 = quantile(values, 0.75);
  const double reach = 1.5 * (q3 - q1);
  Range whisker{.low = q1, .high = q3};
  for (const double value : values) {
    if (value >= q1 - reach && value <= q3 + reach) whisker.include(value);
  }
  const std::string colour = kColours[series % kColours.size()];
  const std::string stroke = fmt::format("stroke=\"{}\"", colour);
  const double half = kSlot * 0.38, cap = half / 2;
  std::string svg = line({x, frame.y(whisker.low), x, frame.y(q1)}, stroke);
  svg += line({x, frame.y(q3), x, frame.y(whisker.high)}, stroke);
  svg += line({x - cap, frame.y(whisker.low), x + cap, frame.y(whisker.low)}, stroke);
  svg += line({x - cap, frame.y(whisker.high), x + cap, frame.y(whisker.high)}, stroke);
  svg += fmt::format(
      "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\" "
      "fill-opacity=\"0.18\" {}/>\n",
      px(x - half), px(frame.y(q3)), px(2 * half), px(frame.y(q1) - frame.y(q3)), colour, stroke);
  const double middle = frame.y(median(values));
  return svg + line({x - half, middle, x + half, middle}, stroke + " stroke-width=\"2\"");
}

// One box with its whiskers and points around x; too few values are only points.
std::string box(size_t series, const std::vector<double>& values, double x, const Frame& frame) {
  const double half = kSlot * 0.38;
  std::string svg;
  if (values.size() >= kFewestForQuartiles) svg += box_and_whiskers(series, values, x, frame);
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

std::string small_text(double x, double y, const std::string& content) {
  return fmt::format("<text x=\"{}\" y=\"{}\" font-size=\"11\" fill=\"#444444\">{}</text>\n", px(x),
                     px(y), escape_markup(content));
}

bool is_outside(const BoxplotBaseline& baseline, const Range& range) {
  return baseline.value < range.low || baseline.value > range.high;
}

// A line outside the axis is not drawn; its label says where it is.
std::string label_of(const BoxplotBaseline& baseline, const Range& range) {
  if (!is_outside(baseline, range)) return baseline.label;
  return fmt::format("{}: {:.4g}, {}", baseline.label, baseline.value,
                     baseline.value > range.high ? "above" : "below");
}

// Moves the heights of labels, ascending, apart: no two are closer than a row of text.
void spread_labels(std::vector<double>& heights, const Frame& frame) {
  for (size_t i = 1; i < heights.size(); ++i) {
    heights[i] = std::max(heights[i], heights[i - 1] + kSmallRow);
  }
  double limit = frame.bottom();
  for (size_t i = heights.size(); i-- > 0; limit -= kSmallRow) {
    heights[i] = std::min(heights[i], limit);
  }
}

// The lines, with their labels to the right of the plot.
std::string baseline_lines(std::vector<BoxplotBaseline> baselines, const Frame& frame) {
  std::ranges::sort(baselines, std::greater(), &BoxplotBaseline::value);
  std::vector<double> heights;
  for (const BoxplotBaseline& each : baselines) {
    heights.push_back(std::clamp(frame.y(each.value), frame.top, frame.bottom()));
  }
  const std::vector<double> lines = heights;
  spread_labels(heights, frame);
  std::string svg;
  for (size_t i = 0; i < baselines.size(); ++i) {
    if (!is_outside(baselines[i], frame.range)) {
      svg += line({kLeft, lines[i], frame.right(), lines[i]},
                  "stroke=\"#666666\" stroke-dasharray=\"5 4\"");
      svg += line({frame.right(), lines[i], frame.right() + kLeader, heights[i]},
                  "stroke=\"#666666\"");
    }
    svg += small_text(frame.right() + kLeader + 3, heights[i] + 4,
                      label_of(baselines[i], frame.range));
  }
  return svg;
}

double right_margin(const Boxplot& plot, const Range& range) {
  double margin = kLeastRight;
  for (const BoxplotBaseline& baseline : plot.baselines) {
    const auto characters = static_cast<double>(label_of(baseline, range).size());
    margin = std::max(margin, kLeader + 9 + kSmallCharacter * characters);
  }
  return margin;
}

// The notes in lines of at most `width` pixels, broken between words.
std::vector<std::string> note_lines(const Boxplot& plot, double width) {
  const auto characters = static_cast<size_t>((width - kLeft - kLeastRight) / kSmallCharacter);
  std::vector<std::string> lines;
  for (const std::string& note : plot.notes) {
    std::istringstream words(note);
    std::string line, word;
    while (words >> word) {
      if (!line.empty() && line.size() + 1 + word.size() > characters) {
        lines.push_back(std::move(line));
        line.clear();
      }
      line += (line.empty() ? "" : " ") + word;
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

// Fills rows below `top` from the left; sets `height` to the height of the rows.
std::string legend(const Boxplot& plot, double width, double top, double& height) {
  std::string svg;
  double x = kLeft, y = top + 4;
  for (size_t s = 0; s < plot.series.size(); ++s) {
    const std::string& label = plot.series[s].label;
    const double needed = kLegendSwatch + kCharacter * static_cast<double>(label.size()) + 16;
    if (x > kLeft && x + needed > width - kLeastRight) {
      x = kLeft;
      y += kLegendRow;
    }
    svg += line({x, y, x + 16, y},
                fmt::format("stroke=\"{}\" stroke-width=\"2\"", kColours[s % kColours.size()]));
    svg += marker(s, x + 8, y);
    svg += text(x + kLegendSwatch, y + 4, "start", label);
    x += needed;
  }
  height = y + kLegendRow - top;
  return svg;
}

// Wide enough for all boxes, the title and the longest label of the legend.
double plot_width(const Boxplot& plot, double margin) {
  constexpr double kTitleCharacter = 8.4;  // bold, at 14 px
  const auto groups = static_cast<double>(plot.groups.size());
  const auto series = static_cast<double>(plot.series.size());
  double text = kTitleCharacter * static_cast<double>(plot.title.size());
  for (const BoxplotSeries& each : plot.series) {
    text = std::max(text, kLegendSwatch + kCharacter * static_cast<double>(each.label.size()));
  }
  return std::max({kMinWidth, kLeft + margin + groups * (series * kSlot + kGroupGap),
                   kLeft + text + kLeastRight});
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
  const Range range = axis_range(plot);
  const std::vector<double> ticks = nice_ticks(range.low, range.high, 6);

  Frame frame{.range = {.low = ticks.front(), .high = ticks.back()}};
  frame.right_margin = right_margin(plot, frame.range);
  frame.width = plot_width(plot, frame.right_margin);
  const std::vector<std::string> notes = note_lines(plot, frame.width);
  const double below_notes = kTitleHeight + kSmallRow * static_cast<double>(notes.size());
  double legend_height = 0;
  const std::string keys = legend(plot, frame.width, below_notes, legend_height);
  frame.top = below_notes + legend_height;
  const double height = frame.bottom() + kBottom;

  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} "
      "{1}\" "
      "font-family=\"sans-serif\" font-size=\"12\" fill=\"#222222\" role=\"img\">\n"
      "<title>{2}</title>\n<rect width=\"{0}\" height=\"{1}\" fill=\"#ffffff\"/>\n",
      px(frame.width), px(height), escape_markup(plot.title));
  svg += fmt::format("<text x=\"{}\" y=\"20\" font-size=\"14\" font-weight=\"bold\">{}</text>\n",
                     px(kLeft), escape_markup(plot.title));
  for (size_t i = 0; i < notes.size(); ++i) {
    svg += small_text(kLeft, kTitleHeight + kSmallRow * static_cast<double>(i) + 2, notes[i]);
  }
  svg += keys;
  svg += y_axis(plot, frame, ticks);
  svg += boxes(plot, frame);
  svg += baseline_lines(plot.baselines, frame);
  return svg + "</svg>\n";
}

}  // namespace scgan::results
