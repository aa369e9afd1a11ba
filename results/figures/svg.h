// What the figures are drawn with: texts of known width, axes, legends, markers, the whole SVG.
//
// Equal input produces equal bytes. A figure is complete as a file on a white page; inside HTML,
// kFigureStyle gives it the page's colours, dark or light, by its classes:
//   figure  the <svg>           paper  the background        halo   the outline of points
//   s0 ...  a series            grid   grid lines            frame  frames and lines of notes
//   muted   less important text
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace scgan::results {

// The rules of the classes above, for a <style> element; uses the page's --text, --soft and --page.
extern const std::string_view kFigureStyle;

// Pixels. kTextRow is the height of a row of small text, kMargin is around the whole figure.
constexpr double kTitleSize = 14, kTextSize = 12, kSmallTextSize = 11;
constexpr double kTextRow = 15, kMargin = 16;

// A coordinate with one decimal; never "-0.0".
std::string px(double value);

// The width of UTF-8 text in pixels, in DejaVu Sans, which is wider than most sans-serif fonts.
double text_width(std::string_view text, double size, bool bold = false);

// Lines of at most `width` pixels, broken between words, or inside words that are longer.
std::vector<std::string> wrap_text(const std::string& text, double width, double size);

struct TextStyle {
  double size = kTextSize;
  std::string_view anchor = "start";
  bool bold = false;
  // Grey.
  bool muted = false;
};

// `y` is the baseline.
std::string text_at(double x, double y, const std::string& content, const TextStyle& style = {});

struct Line {
  double x1, y1, x2, y2;
};

// `style`: attributes.
std::string line_at(const Line& at, const std::string& style);

inline constexpr std::string_view kGridStyle = R"(class="grid" stroke="#e4e4e4")";
inline constexpr std::string_view kFrameStyle = R"(class="frame" stroke="#595959")";

// The rectangle of a plot, in pixels.
struct Area {
  double left, top, right, bottom;
  double width() const { return right - left; }
  double height() const { return bottom - top; }
};

// "<g ...>" whose currentColor is that of the series; close it with "</g>". The colours follow
// Okabe and Ito, darkened where they were too faint on white; they repeat after seven.
std::string open_series(size_t series);

// The point of a series: circle, square, triangle or diamond, so that series differ by more than
// their colour. Inside open_series. `title` appears when the mouse is over it.
struct Marker {
  double x, y;
  std::string title = {};
  bool hollow = false;
};
std::string marker_at(size_t series, const Marker& marker);

// About `count` ticks at multiples of 1, 2 or 5 times a power of ten that enclose [low, high]. If
// both are equal, or nearly so, the ticks enclose 5 % of the value on either side.
std::vector<double> nice_ticks(double low, double high, int count);

// An axis from its first to its last tick.
struct Axis {
  std::vector<double> ticks;
  // Each differs from the others.
  std::vector<std::string> labels;

  double low() const { return ticks.front(); }
  double high() const { return ticks.back(); }
  // Where `value` is between the pixels `from` (of low) and `to` (of high).
  double at(double value, double from, double to) const {
    return from + (value - low()) / (high() - low()) * (to - from);
  }
};

Axis make_axis(double low, double high, int count);

// The width that the labels of a vertical axis need to the left of the plot.
double label_width(const Axis& axis);

// Grid lines, labels to the left, and the frame of the plot.
std::string draw_y_axis(const Axis& axis, const Area& area);

// A title beside a vertical axis, centred at `y`.
std::string vertical_title(double x, double y, const std::string& title);

// The keys of the series in rows from `area.left` to `area.right`, the first at area.top. Sets
// area.bottom to the lower edge.
std::string draw_legend(const std::vector<std::string>& labels, Area& area);

// The width of the widest key.
double legend_width(const std::vector<std::string>& labels);

// Moves ascending positions apart, so that no two are closer than `distance`, and keeps them
// between `low` and `high` where they fit.
void spread_apart(std::vector<double>& positions, double distance, double low, double high);

// Lines of small grey text below each other, the first row at area.top. Sets area.bottom.
std::string draw_notes(const std::vector<std::string>& notes, Area& area);

// A complete <svg> without an XML declaration, so that HTML can contain it. `alt` says what it
// shows to readers who cannot see it.
std::string svg_document(double width, double height, const std::string& alt,
                         const std::string& body);

}  // namespace scgan::results
