// The boxplots of the paper's figure 3 as one SVG: groups along x, in each group one box per series
// side by side, every value drawn as a point.
//
// Boxes are quartiles of type 7, whiskers reach the furthest value within 1.5 interquartile ranges
// of the box (matplotlib's rule). Equal input gives equal bytes. Colours are those of Okabe and
// Ito, told apart with any common colour blindness; the points' shapes differ too.
#pragma once

#include <string>
#include <vector>

namespace scgan::results {

struct BoxplotSeries {
  std::string label;
  std::vector<std::vector<double>> groups;  // values of each group; empty: nothing is drawn
};

// A dashed horizontal line; drawn only when it is in or near the range of the values.
struct BoxplotBaseline {
  std::string label;
  double value = 0;
};

struct Boxplot {
  std::string title, x_title, y_title;
  std::vector<std::string> groups;  // labels along x
  std::vector<BoxplotSeries> series;
  std::vector<BoxplotBaseline> baselines;
};

// A whole <svg> element, without XML declaration, so that HTML can hold it as it is.
std::string boxplot_svg(const Boxplot& plot);

// Ticks at 1, 2 or 5 times a power of ten that enclose [low, high], about `count` of them. Around
// values that are equal, or nearly so, they enclose 5 % of the value on either side.
std::vector<double> nice_ticks(double low, double high, int count);

}  // namespace scgan::results
