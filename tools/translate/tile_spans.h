// Where the tiles of an image lie along one axis, and how they are blended.
#pragma once

#include <cstdint>
#include <vector>

namespace scgan {

// The generator halves the image twice and pads the result by reflection of one pixel.
inline constexpr int64_t kSideMultiple = 4;
inline constexpr int64_t kLeastSide = 8;

struct TileSpan {
  // First pixel; a multiple of 4, so that the generator's strides meet the same pixels in all
  // tiles.
  int64_t start = 0;
  // One for each pixel of the tile.
  std::vector<double> weights;
};

// Spreads the fewest tiles evenly over `length` pixels so that neighbours share at least `overlap`.
// Where tiles overlap, their weights rise and fall as squared sines; at every pixel the weights of
// all tiles add up to 1. All arguments must be multiples of 4, with tile <= length and
// overlap <= tile / 2.
std::vector<TileSpan> tile_spans(int64_t length, int64_t tile, int64_t overlap);

}  // namespace scgan
