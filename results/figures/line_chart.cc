#include "results/figures/line_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "results/figures/svg.h"

namespace scgan::results {
namespace {

// Pixels.
constexpr double kPanelWidth = 270, kPanelHeight = 150, kOnePanelWidth = 460, kOneHeight = 280;
constexpr double kPanelTitle = 24, kPanelTicks = 24, kPanelGap = 20;
constexpr double kXTitle = 22, kYTitle = 22, kHead = 30;
constexpr size_t kMostMarkers = 8;  // of a line

struct Axes {
  Axis x, y;
};

Axes axes_of(const std::vector<const LinePanel*>& panels, int x_ticks, int y_ticks) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  double x_low = kInfinity, x_high = -kInfinity, y_low = kInfinity, y_high = -kInfinity;
  for (const LinePanel* panel : panels) {
    for (const LineSeries& series : panel->series) {
      for (const double x : series.x) {
        x_low = std::min(x_low, x);
        x_high = std::max(x_high, x);
      }
      for (const auto* values : {&series.y, &series.low, &series.high}) {
        for (const double y : *values) {
          y_low = std::min(y_low, y);
          y_high = std::max(y_high, y);
        }
      }
    }
  }
  if (x_low > x_high) x_low = y_low = 0, x_high = y_high = 1;
  return {.x = make_axis(x_low, x_high, x_ticks), .y = make_axis(y_low, y_high, y_ticks)};
}

// "12.34", with about four digits.
std::string value_text(double value) { return fmt::format("{:.4g}", value); }

// Draws the lines of one panel.
class PanelDrawing {
 public:
  PanelDrawing(const LineChart& chart, const Axes& axes, const Area& area)
      : chart_(chart), axes_(axes), area_(area) {}

  std::string svg(const LinePanel& panel) const {
    std::string svg = draw_y_axis(axes_.y, area_) + x_labels();
    if (!panel.title.empty()) svg += text_at(area_.left, area_.top - 7, panel.title);
    for (const LineSeries& series : panel.series) svg += bands(series);
    for (const LineSeries& series : panel.series) svg += line(series);
    return svg;
  }

 private:
  double x(double value) const { return axes_.x.at(value, area_.left, area_.right); }
  double y(double value) const { return axes_.y.at(value, area_.bottom, area_.top); }

  std::string x_labels() const {
    std::string svg;
    for (size_t i = 0; i < axes_.x.ticks.size(); ++i) {
      const double at = x(axes_.x.ticks[i]);
      svg += line_at({at, area_.bottom, at, area_.bottom + 4}, std::string(kFrameStyle));
      svg += text_at(at, area_.bottom + 17, axes_.x.labels[i], {.anchor = "middle"});
    }
    return svg;
  }

  // "M x y L x y ..." through the points in order.
  std::string path(const std::vector<std::pair<double, double>>& points) const {
    std::string text;
    for (const auto& [at, value] : points) {
      text += fmt::format("{}{} {}", text.empty() ? 'M' : 'L', px(x(at)), px(y(value)));
    }
    return text;
  }

  // With the corners of a staircase, if the chart has steps.
  std::vector<std::pair<double, double>> corners(const std::vector<double>& at,
                                                 const std::vector<double>& values) const {
    std::vector<std::pair<double, double>> points;
    for (size_t i = 0; i < at.size(); ++i) {
      if (chart_.steps && i > 0) points.emplace_back(at[i], values[i - 1]);
      points.emplace_back(at[i], values[i]);
    }
    return points;
  }

  std::string bands(const LineSeries& series) const {
    if (series.low.empty() || series.x.size() < 2) return "";
    auto outline = corners(series.x, series.low);
    auto back = corners(series.x, series.high);
    outline.insert(outline.end(), back.rbegin(), back.rend());
    return open_series(series.label) +
           fmt::format("<path d=\"{}Z\" fill=\"currentColor\" fill-opacity=\"0.16\"/>\n</g>\n",
                       path(outline));
  }

  std::string line(const LineSeries& series) const {
    std::string svg = open_series(series.label);
    if (series.x.size() > 1) {
      svg += fmt::format(
          "<path d=\"{}\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.6\" "
          "stroke-linejoin=\"round\"/>\n",
          path(corners(series.x, series.y)));
    }
    const size_t count = std::min(series.x.size(), kMostMarkers);
    for (size_t i = 0; i < count; ++i) {
      const size_t at = count == 1 ? 0 : i * (series.x.size() - 1) / (count - 1);
      std::string title =
          fmt::format("{}, {} {}: {}", chart_.labels.at(series.label), chart_.x_title,
                      value_text(series.x[at]), value_text(series.y[at]));
      if (!series.low.empty()) {
        title +=
            fmt::format(" ({} to {})", value_text(series.low[at]), value_text(series.high[at]));
      }
      svg += marker_at(series.label,
                       {.x = x(series.x[at]), .y = y(series.y[at]), .title = std::move(title)});
    }
    return svg + "</g>\n";
  }

  const LineChart& chart_;
  const Axes& axes_;
  const Area& area_;
};

}  // namespace

std::string line_chart_svg(const LineChart& chart) {
  const size_t columns = std::max<size_t>(1, std::min(chart.columns, chart.panels.size()));
  const bool alone = chart.panels.size() == 1;
  const double panel_width = alone ? kOnePanelWidth : kPanelWidth;
  // High enough for the title beside all rows.
  const auto rows = static_cast<double>((chart.panels.size() + columns - 1) / columns);
  const double panel_height = std::max(
      alone ? kOneHeight : kPanelHeight,
      text_width(chart.y_title, kTextSize) / std::max(1.0, rows) - kPanelTitle - kPanelTicks);
  std::vector<const LinePanel*> all;
  for (const LinePanel& panel : chart.panels) all.push_back(&panel);
  const int ticks = alone ? 6 : 4;

  std::vector<Axes> axes;
  double labels = 0;
  for (const LinePanel* panel : all) {
    axes.push_back(axes_of(chart.same_y ? all : std::vector{panel}, ticks, ticks));
    labels = std::max(labels, label_width(axes.back().y));
  }
  const double left = kMargin + (chart.y_title.empty() ? 0 : kYTitle);
  const double pitch = labels + panel_width + kPanelGap;
  const double width =
      std::max({left + static_cast<double>(columns) * pitch + kMargin - kPanelGap + 12,
                kMargin + text_width(chart.title, kTitleSize, true) + kMargin,
                kMargin + text_width(chart.x_title, kTextSize) + kMargin,
                kMargin + legend_width(chart.labels) + kMargin});

  std::string body = text_at(kMargin, 20, chart.title, {.size = kTitleSize, .bold = true});
  Area notes{.left = kMargin, .top = kHead, .right = width - kMargin, .bottom = 0};
  body += draw_notes(chart.notes, notes);
  Area legend{.left = kMargin, .top = notes.bottom + 8, .right = width - kMargin, .bottom = 0};
  body += draw_legend(chart.labels, legend);

  double bottom = legend.bottom;
  for (size_t i = 0; i < all.size(); ++i) {
    Area area{};
    area.left = left + static_cast<double>(i % columns) * pitch + labels;
    area.right = area.left + panel_width;
    area.top = legend.bottom + kPanelTitle +
               static_cast<double>(i / columns) * (kPanelTitle + panel_height + kPanelTicks);
    area.bottom = area.top + panel_height;
    body += PanelDrawing(chart, axes[i], area).svg(*all[i]);
    bottom = area.bottom + kPanelTicks;
  }
  const double half = text_width(chart.x_title, kTextSize) / 2;
  const double middle =
      std::clamp(left + labels + (static_cast<double>(columns) * pitch - labels) / 2,
                 kMargin + half, width - kMargin - half);
  body += text_at(middle, bottom + kXTitle - 8, chart.x_title, {.anchor = "middle"});
  if (!chart.y_title.empty()) {
    body += vertical_title(kMargin + 6, (legend.bottom + bottom) / 2, chart.y_title);
  }
  return svg_document(width, bottom + kXTitle, chart.alt, body);
}

}  // namespace scgan::results
