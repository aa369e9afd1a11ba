// Pictures in a table, as one SVG: a block per percentage, in it a column per variant, in it a row
// per test image. The pictures are inside the SVG.
#pragma once

#include <string>
#include <vector>

#include "results/figures/picture.h"

namespace scgan::results {

struct PictureColumn {
  // What it shows, and a smaller line about it.
  std::string title, subtitle;
  // From top to bottom.
  std::vector<Picture> pictures;
  // Stands where there are no pictures.
  std::string why_empty;
};

struct PictureBlock {
  std::string title;
  std::vector<PictureColumn> columns;
};

struct PictureTable {
  std::string title;
  // What it shows, for readers who cannot see it.
  std::string alt;
  // Every block has as many columns.
  std::vector<PictureBlock> blocks;
};

// A complete <svg> element without an XML declaration. Its pictures take at most `most_bytes`
// bytes: rows are left out until two are left, then the sides are halved, once or twice.
std::string picture_table_svg(PictureTable table, size_t most_bytes);

}  // namespace scgan::results
