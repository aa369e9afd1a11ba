// Boxplots as in the paper's figure 3, as one SVG: groups along x, one box per series side by side
// in each group, every value drawn as a point.
//
// Boxes show quartiles of type 7; fewer than three values are points without a box. Whiskers reach
// the furthest value within 1.5 interquartile ranges of the box (matplotlib's rule). Equal input
// produces equal bytes.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace scgan::results {

// Of fewer values, no quartiles are shown.
constexpr size_t kFewestForQuartiles = 3;

struct BoxplotPoint {
  double value = 0;
  // Appears when the mouse is over the point.
  std::string title = {};
  bool hollow = false;
};

struct BoxplotSeries {
  std::string label;
  // The points of each group; nothing is drawn for an empty one.
  std::vector<std::vector<BoxplotPoint>> groups;
};

// A dashed horizontal line. The axis reaches as far as the line, unless the values would then fill
// less than a quarter of it: then the label stands at the edge and says its value.
struct BoxplotBaseline {
  std::string label;
  double value = 0;
};

struct Boxplot {
  std::string title, x_title, y_title;
  // What it shows, for readers who cannot see it.
  std::string alt;
  // Small lines below the title, wrapped to the width.
  std::vector<std::string> notes;
  // Labels along x.
  std::vector<std::string> groups;
  std::vector<BoxplotSeries> series;
  std::vector<BoxplotBaseline> baselines;
};

// A complete <svg> element without an XML declaration.
std::string boxplot_svg(const Boxplot& plot);

}  // namespace scgan::results
