#include "results/figures/boxplot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "core/base/stats.h"
#include "results/figures/svg.h"

namespace scgan::results {
namespace {

// Pixels.
constexpr double kLeastHeight = 300, kBottom = 62, kTitleHeight = 32;
constexpr double kAxisTitle = 26;
constexpr double kSlot = 34, kGroupGap = 30, kMinWidth = 560, kHalfBox = 0.38 * kSlot;
constexpr double kPointStep = 7;
constexpr double kLeader = 8;  // from a baseline to its label

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void include(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

struct Frame {
  Axis axis;
  Area area;
  double y(double value) const { return axis.at(value, area.bottom, area.top); }
};

Range value_range(const Boxplot& plot) {
  Range range;
  for (const BoxplotSeries& series : plot.series) {
    for (const auto& points : series.groups) {
      for (const BoxplotPoint& point : points) range.include(point.value);
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

std::string box_and_whiskers(const std::vector<double>& values, double x, const Frame& frame) {
  const double q1 = quantile(values, 0.25), q3 = quantile(values, 0.75);
  const double reach = 1.5 * (q3 - q1);
  Range whisker{.low = q1, .high = q3};
  for (const double value : values) {
    if (value >= q1 - reach && value <= q3 + reach) whisker.include(value);
  }
  const std::string stroke = "stroke=\"currentColor\"";
  const double cap = kHalfBox / 2;
  std::string svg = line_at({x, frame.y(whisker.low), x, frame.y(q1)}, stroke);
  svg += line_at({x, frame.y(q3), x, frame.y(whisker.high)}, stroke);
  svg += line_at({x - cap, frame.y(whisker.low), x + cap, frame.y(whisker.low)}, stroke);
  svg += line_at({x - cap, frame.y(whisker.high), x + cap, frame.y(whisker.high)}, stroke);
  svg += fmt::format(
      "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"currentColor\" "
      "fill-opacity=\"0.18\" {}/>\n",
      px(x - kHalfBox), px(frame.y(q3)), px(2 * kHalfBox), px(frame.y(q1) - frame.y(q3)), stroke);
  const double middle = frame.y(median(values));
  return svg +
         line_at({x - kHalfBox, middle, x + kHalfBox, middle}, stroke + " stroke-width=\"2\"");
}

// One box with its whiskers and points around x; too few values are only points.
std::string box(size_t series, const std::vector<BoxplotPoint>& points, double x,
                const Frame& frame) {
  std::vector<double> values;
  for (const BoxplotPoint& point : points) values.push_back(point.value);
  std::string svg = open_series(series);
  if (values.size() >= kFewestForQuartiles) svg += box_and_whiskers(values, x, frame);
  const auto count = static_cast<double>(values.size());
  const double spread = std::min(kPointStep, 1.6 * kHalfBox / count);  // inside their box
  for (size_t i = 0; i < points.size(); ++i) {
    const double offset = (static_cast<double>(i) - (count - 1) / 2) * spread;
    svg += marker_at(series, {.x = x + offset,
                              .y = frame.y(points[i].value),
                              .title = points[i].title,
                              .hollow = points[i].hollow});
  }
  return svg + "</g>\n";
}

std::string boxes(const Boxplot& plot, const Frame& frame) {
  const Area& area = frame.area;
  const double group_width =
      area.width() / static_cast<double>(std::max<size_t>(1, plot.groups.size()));
  const double first_slot = -0.5 * (static_cast<double>(plot.series.size()) - 1) * kSlot;
  std::string svg;
  for (size_t g = 0; g < plot.groups.size(); ++g) {
    const double centre = area.left + (static_cast<double>(g) + 0.5) * group_width;
    svg += text_at(centre, area.bottom + 20, plot.groups[g], {.anchor = "middle"});
    for (size_t s = 0; s < plot.series.size(); ++s) {
      const double x = centre + first_slot + static_cast<double>(s) * kSlot;
      const std::vector<BoxplotPoint>& points = plot.series[s].groups.at(g);
      if (!points.empty()) svg += box(s, points, x, frame);
    }
  }
  return svg + text_at((area.left + area.right) / 2, area.bottom + 46, plot.x_title,
                       {.anchor = "middle"});
}

bool is_outside(const BoxplotBaseline& baseline, const Axis& axis) {
  return baseline.value < axis.low() || baseline.value > axis.high();
}

// A line outside the axis is not drawn; its label says where it is.
std::string label_of(const BoxplotBaseline& baseline, const Axis& axis) {
  if (!is_outside(baseline, axis)) return baseline.label;
  return fmt::format("{}: {:.4g}, {}", baseline.label, baseline.value,
                     baseline.value > axis.high() ? "above" : "below");
}

// The lines, with their labels to the right of the plot, none on another.
std::string baseline_lines(std::vector<BoxplotBaseline> baselines, const Frame& frame) {
  const Area& area = frame.area;
  std::ranges::stable_sort(baselines, std::greater(), &BoxplotBaseline::value);
  std::vector<double> lines;
  for (const BoxplotBaseline& each : baselines) {
    lines.push_back(std::clamp(frame.y(each.value), area.top, area.bottom));
  }
  std::vector<double> heights = lines;
  spread_apart(heights, kTextRow, area.top, area.bottom);
  const std::string style(kFrameStyle);
  std::string svg;
  for (size_t i = 0; i < baselines.size(); ++i) {
    if (!is_outside(baselines[i], frame.axis)) {
      svg +=
          line_at({area.left, lines[i], area.right, lines[i]}, style + " stroke-dasharray=\"5 4\"");
      svg += line_at({area.right, lines[i], area.right + kLeader, heights[i]}, style);
    }
    svg += text_at(area.right + kLeader + 3, heights[i] + 4, label_of(baselines[i], frame.axis),
                   {.size = kSmallTextSize, .muted = true});
  }
  return svg;
}

double right_margin(const Boxplot& plot, const Axis& axis) {
  double margin = kMargin;
  for (const BoxplotBaseline& baseline : plot.baselines) {
    margin = std::max(margin, kLeader + 9 + text_width(label_of(baseline, axis), kSmallTextSize));
  }
  return margin;
}

std::vector<std::string> labels_of(const Boxplot& plot) {
  std::vector<std::string> labels;
  for (const BoxplotSeries& series : plot.series) labels.push_back(series.label);
  return labels;
}

// Wide enough for all boxes, the labels below them, the title and the longest label of the legend.
double plot_width(const Boxplot& plot, double left, double right) {
  double group = static_cast<double>(plot.series.size()) * kSlot + kGroupGap;
  for (const std::string& label : plot.groups) {
    group = std::max(group, text_width(label, kTextSize) + 10);
  }
  const double text =
      std::max(text_width(plot.title, kTitleSize, true),
               std::max(text_width(plot.x_title, kTextSize), legend_width(labels_of(plot))));
  return std::max({kMinWidth, left + right + static_cast<double>(plot.groups.size()) * group,
                   left + text + kMargin});
}

}  // namespace

std::string boxplot_svg(const Boxplot& plot) {
  const Range range = axis_range(plot);
  Frame frame{.axis = make_axis(range.low, range.high, 6), .area = {}};
  const double left = kAxisTitle + label_width(frame.axis);
  const double right = right_margin(plot, frame.axis);
  const double width = plot_width(plot, left, right);

  Area notes{.left = left, .top = kTitleHeight, .right = width - kMargin, .bottom = 0};
  std::string body = text_at(left, 20, plot.title, {.size = kTitleSize, .bold = true}) +
                     draw_notes(plot.notes, notes);
  Area legend{.left = left, .top = notes.bottom + 6, .right = width - kMargin, .bottom = 0};
  body += draw_legend(labels_of(plot), legend);
  frame.area = {
      .left = left,
      .top = legend.bottom,
      .right = width - right,
      .bottom = legend.bottom + std::max(kLeastHeight, text_width(plot.y_title, kTextSize))};
  body += draw_y_axis(frame.axis, frame.area);
  body += vertical_title(18, (frame.area.top + frame.area.bottom) / 2, plot.y_title);
  body += baseline_lines(plot.baselines, frame);
  body += boxes(plot, frame);
  return svg_document(width, frame.area.bottom + kBottom, plot.alt, body);
}

}  // namespace scgan::results
