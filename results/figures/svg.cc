#include "results/figures/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <sstream>

#include "results/figures/markup.h"

namespace scgan::results {

const std::string_view kFigureStyle = R"css(@media screen and (prefers-color-scheme: dark) {
.figure { fill: var(--text, #e6e6e6); }
.figure .paper { fill: var(--page, #15181c); }
.figure .halo { stroke: var(--page, #15181c); }
.figure .hollow { fill: var(--page, #15181c); }
.figure .grid { stroke: #33383f; }
.figure .frame { stroke: #9aa1a9; }
.figure .muted { fill: var(--soft, #b4bac1); }
.figure .s0 { color: #56b4e9; }
.figure .s1 { color: #ff8a3d; }
.figure .s2 { color: #2fc79b; }
.figure .s3 { color: #e79ac6; }
.figure .s4 { color: #f0b93a; }
.figure .s5 { color: #9fd8f7; }
.figure .s6 { color: #e6e6e6; }
}
)css";

namespace {

constexpr std::array kColours = {"#0072b2", "#d55e00", "#008f68", "#b25591",
                                 "#a87300", "#3a8fc4", "#000000"};

// DejaVu Sans from space to ~, in hundredths of the size, rounded up.
constexpr std::array<uint8_t, 95> kWidths = {
    32, 41, 46, 84, 64, 96, 78, 28, 40,  40, 50, 84, 32, 37, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 34, 34, 84, 84, 84, 54, 100, 69, 69, 70, 78, 64, 58, 78, 76, 30, 30, 66, 56, 87, 75, 79,
    61, 79, 70, 64, 62, 74, 69, 99, 69,  62, 69, 40, 34, 40, 84, 50, 50, 62, 64, 55, 64, 62, 36, 64,
    64, 28, 28, 58, 28, 98, 64, 62, 64,  64, 42, 53, 40, 64, 60, 82, 60, 60, 53, 64, 34, 64, 84};

constexpr double kSwatch = 24;  // width of a key's picture
constexpr double kLegendRow = 20;
constexpr double kPointRadius = 3.4;

// The start of the character after the one at `at`.
size_t next_character(std::string_view text, size_t at) {
  do ++at;
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80);
  return at;
}

// The longest beginning of `word` that fits, at least one character.
size_t fitting(std::string_view word, double width, double size) {
  size_t end = next_character(word, 0);
  while (end < word.size() &&
         text_width(word.substr(0, next_character(word, end)), size) <= width) {
    end = next_character(word, end);
  }
  return end;
}

std::string tick_label(double tick, double step, double largest) {
  if (largest >= 1e6 || step < 1e-5)
    return fmt::format("{:.{}e}", tick, [&] {
      const double digits = std::floor(std::log10(largest)) - std::floor(std::log10(step) + 1e-9);
      return std::max(0, static_cast<int>(digits));
    }());
  const int decimals = std::max(0, static_cast<int>(-std::floor(std::log10(step) + 1e-9)));
  std::string label = fmt::format("{:.{}f}", tick, decimals);
  const bool is_zero = label.find_first_not_of("-0.") == std::string::npos;
  return is_zero && label.front() == '-' ? label.substr(1) : label;
}

}  // namespace

std::string px(double value) {
  std::string text = fmt::format("{:.1f}", value);
  return text == "-0.0" ? "0.0" : text;
}

double text_width(std::string_view text, double size, bool bold) {
  double hundredths = 0;
  for (size_t at = 0; at < text.size(); at = next_character(text, at)) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c >= ' ' && c <= '~') {
      hundredths += kWidths[c - ' '];
    } else {
      hundredths += c < 0xe0 ? 85 : 110;  // Latin, Greek and Cyrillic; others may be wide
    }
  }
  return hundredths / 100 * size * (bold ? 1.15 : 1);
}

std::vector<std::string> wrap_text(const std::string& text, double width, double size) {
  std::vector<std::string> lines;
  std::istringstream words(text);
  std::string line, word;
  while (words >> word) {
    if (!line.empty() && text_width(line + " " + word, size) <= width) {
      line += " " + word;
      continue;
    }
    if (!line.empty()) lines.push_back(std::move(line));
    while (text_width(word, size) > width && next_character(word, 0) < word.size()) {
      const size_t end = fitting(word, width, size);
      lines.push_back(word.substr(0, end));
      word.erase(0, end);
    }
    line = word;
  }
  if (!line.empty()) lines.push_back(std::move(line));
  return lines;
}

std::string text_at(double x, double y, const std::string& content, const TextStyle& style) {
  std::string attributes;
  if (style.anchor != "start") attributes += fmt::format(" text-anchor=\"{}\"", style.anchor);
  if (style.size != kTextSize) attributes += fmt::format(" font-size=\"{}\"", style.size);
  if (style.bold) attributes += " font-weight=\"bold\"";
  if (style.muted) attributes += R"( class="muted" fill="#505050")";
  return fmt::format("<text x=\"{}\" y=\"{}\"{}>{}</text>\n", px(x), px(y), attributes,
                     escape_markup(content));
}

std::string line_at(const Line& at, const std::string& style) {
  return fmt::format("<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" {}/>\n", px(at.x1), px(at.y1),
                     px(at.x2), px(at.y2), style);
}

std::string open_series(size_t series) {
  const size_t colour = series % kColours.size();
  return fmt::format("<g class=\"s{}\" color=\"{}\">\n", colour, kColours.at(colour));
}

std::string marker_at(size_t series, const Marker& marker) {
  const auto& [x, y, title, hollow] = marker;
  const double r = kPointRadius;
  std::string shape;
  switch (series % 4) {
    case 0:
      shape = fmt::format("circle cx=\"{}\" cy=\"{}\" r=\"{}\"", px(x), px(y), px(r));
      break;
    case 1:
      shape = fmt::format("rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"", px(x - r), px(y - r),
                          px(2 * r), px(2 * r));
      break;
    case 2:
      shape = fmt::format("path d=\"M{} {}L{} {}L{} {}Z\"", px(x), px(y - 1.2 * r), px(x + 1.2 * r),
                          px(y + r), px(x - 1.2 * r), px(y + r));
      break;
    default:
      shape = fmt::format("path d=\"M{} {}L{} {}L{} {}L{} {}Z\"", px(x), px(y - 1.4 * r),
                          px(x + 1.4 * r), px(y), px(x), px(y + 1.4 * r), px(x - 1.4 * r), px(y));
  }
  const std::string_view style =
      hollow ? R"(class="hollow" fill="#ffffff" stroke="currentColor" stroke-width="1.4")"
             : R"(class="halo" fill="currentColor" stroke="#ffffff" stroke-width="0.8")";
  if (title.empty()) return fmt::format("<{} {}/>\n", shape, style);
  const std::string_view name = std::string_view(shape).substr(0, shape.find(' '));
  return fmt::format("<{} {}><title>{}</title></{}>\n", shape, style, escape_markup(title), name);
}

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

Axis make_axis(double low, double high, int count) {
  Axis axis{.ticks = nice_ticks(low, high, count), .labels = {}};
  const double step = axis.ticks[1] - axis.ticks[0];
  const double largest = std::max(std::abs(axis.low()), std::abs(axis.high()));
  for (const double tick : axis.ticks) axis.labels.push_back(tick_label(tick, step, largest));
  return axis;
}

double label_width(const Axis& axis) {
  double width = 0;
  for (const std::string& label : axis.labels) {
    width = std::max(width, text_width(label, kTextSize));
  }
  return width + 8;
}

std::string draw_y_axis(const Axis& axis, const Area& area) {
  std::string svg;
  for (size_t i = 0; i < axis.ticks.size(); ++i) {
    const double y = axis.at(axis.ticks[i], area.bottom, area.top);
    svg += line_at({area.left, y, area.right, y}, std::string(kGridStyle));
    svg += text_at(area.left - 8, y + 4, axis.labels[i], {.anchor = "end"});
  }
  return svg +
         fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"none\" {}/>\n",
                     px(area.left), px(area.top), px(area.width()), px(area.height()), kFrameStyle);
}

std::string vertical_title(double x, double y, const std::string& title) {
  return fmt::format(
      "<text transform=\"translate({} {}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n", px(x),
      px(y), escape_markup(title));
}

std::string draw_legend(const std::vector<std::string>& labels, Area& area) {
  std::string svg;
  double x = area.left, y = area.top + 4;
  for (size_t s = 0; s < labels.size(); ++s) {
    const double needed = kSwatch + text_width(labels[s], kTextSize) + 16;
    if (x > area.left && x + needed > area.right) {
      x = area.left;
      y += kLegendRow;
    }
    svg += open_series(s) +
           line_at({x, y, x + 16, y}, R"(stroke="currentColor" stroke-width="2")") +
           marker_at(s, {.x = x + 8, .y = y}) + "</g>\n";
    svg += text_at(x + kSwatch, y + 4, labels[s]);
    x += needed;
  }
  area.bottom = y + kLegendRow;
  return svg;
}

double legend_width(const std::vector<std::string>& labels) {
  double width = 0;
  for (const std::string& label : labels) {
    width = std::max(width, kSwatch + text_width(label, kTextSize));
  }
  return width;
}

void spread_apart(std::vector<double>& positions, double distance, double low, double high) {
  for (size_t i = 0; i < positions.size(); ++i) {
    positions[i] = std::max(positions[i], i == 0 ? low : positions[i - 1] + distance);
  }
  double limit = high;
  for (size_t i = positions.size(); i-- > 0; limit = positions[i] - distance) {
    if (positions[i] <= limit) break;
    positions[i] = limit;
  }
}

std::string draw_notes(const std::vector<std::string>& notes, Area& area) {
  std::string svg;
  area.bottom = area.top;
  for (const std::string& note : notes) {
    for (const std::string& line : wrap_text(note, area.width(), kSmallTextSize)) {
      area.bottom += kTextRow;
      svg += text_at(area.left, area.bottom - 4, line, {.size = kSmallTextSize, .muted = true});
    }
  }
  return svg;
}

std::string svg_document(double width, double height, const std::string& alt,
                         const std::string& body) {
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"figure\" width=\"{0}\" height=\"{1}\" "
      "viewBox=\"0 0 {0} {1}\" font-family=\"sans-serif\" font-size=\"{2}\" fill=\"#222222\" "
      "role=\"img\" aria-label=\"{3}\">\n"
      "<rect class=\"paper\" width=\"{0}\" height=\"{1}\" fill=\"#ffffff\"/>\n{4}</svg>\n",
      px(width), px(height), kTextSize, escape_markup(alt), body);
}

}  // namespace scgan::results
