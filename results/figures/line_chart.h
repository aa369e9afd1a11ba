// Lines over x, such as learning curves, as one SVG: small panels side by side that share colours
// and the legend, in each a line and its band for every series.
//
// A few points of each line have markers and say their values under the mouse. Equal input produces
// equal bytes.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace scgan::results {

struct LineSeries {
  // Index in LineChart::labels: colour, marker and name.
  size_t label = 0;
  // Of each point; x ascending.
  std::vector<double> x, y;
  // The band, or empty: as long as x.
  std::vector<double> low = {}, high = {};
};

struct LinePanel {
  std::string title;
  std::vector<LineSeries> series;
};

struct LineChart {
  std::string title, x_title, y_title;
  // What it shows, for readers who cannot see it.
  std::string alt;
  // Small lines below the title, wrapped to the width.
  std::vector<std::string> notes;
  std::vector<std::string> labels;
  // Row by row from the left.
  std::vector<LinePanel> panels;
  // Panels side by side.
  size_t columns = 2;
  // All panels have the same y axis.
  bool same_y = false;
  // A line keeps its y until the next x, as a share of runs does, instead of going there straight.
  bool steps = false;
};

// A complete <svg> element without an XML declaration.
std::string line_chart_svg(const LineChart& chart);

}  // namespace scgan::results
