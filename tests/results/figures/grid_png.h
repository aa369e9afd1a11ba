// Sample grids of known colours.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "results/figures/picture.h"

namespace scgan::results {

// The colour of a pixel of the image in `row` and `column` of a grid.
using Colour = std::function<std::array<uint8_t, 3>(size_t row, size_t column, size_t x, size_t y)>;

// A grid of six rows, which is a square, with images of `side` pixels.
inline std::string grid_png(size_t side, const Colour& colour) {
  const size_t pitch = side + 2;
  Picture grid{.side = 6 * pitch - 2, .rgb = {}};
  for (size_t y = 0; y < grid.side; ++y) {
    for (size_t x = 0; x < grid.side; ++x) {
      const bool is_gap = x % pitch >= side || y % pitch >= side;
      const auto pixel = is_gap ? std::array<uint8_t, 3>{255, 255, 255}
                                : colour(y / pitch, x / pitch, x % pitch, y % pitch);
      grid.rgb.insert(grid.rgb.end(), pixel.begin(), pixel.end());
    }
  }
  return encode_png(grid);
}

}  // namespace scgan::results
