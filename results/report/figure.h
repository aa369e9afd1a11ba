// A picture of the report.
#pragma once

#include <string>

namespace scgan::results {

struct Figure {
  // Beside report.md, without ".svg": "boxplot-synthetic-fid-AtoB-random_conv".
  std::string name;
  // A heading, or empty if the title is inside the picture.
  std::string caption;
  // What the picture shows, for readers who cannot see it.
  std::string alt;
  // A complete <svg> element.
  std::string svg;
};

}  // namespace scgan::results
