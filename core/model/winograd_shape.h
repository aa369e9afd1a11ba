// What the parts of a Winograd convolution (winograd_conv.h) know of its tensors.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/model/border.h"
#include "core/model/winograd_products.h"

namespace scgan::winograd {

// Elements of a 3 x 3 kernel.
inline constexpr int64_t kKernel = 9;

constexpr int64_t round_up_to(int64_t multiple, int64_t count) {
  return (count + multiple - 1) / multiple * multiple;
}

struct Shape {
  // Channels of input and output.
  int64_t images, in, out;
  // Of the input.
  int64_t height, width;
  Border border;
  bool doubled;

  // Row lengths of transformed inputs and outputs: channels, and zeros.
  int64_t in_row() const { return round_up_to(kColumns, in); }
  int64_t out_row() const { return round_up_to(kColumns, out); }
  int64_t side() const { return doubled ? 3 : 4; }
  int64_t positions() const { return side() * side(); }
  int64_t out_height() const { return doubled ? 2 * height : height; }
  int64_t out_width() const { return doubled ? 2 * width : width; }
  int64_t tile_rows() const { return (out_height() + 1) / 2; }
  int64_t tile_columns() const { return (out_width() + 1) / 2; }
  int64_t tiles() const { return images * tile_rows() * tile_columns(); }
  struct Place {
    int64_t image, row, column;
  };
  Place place_of(int64_t tile) const {
    const int64_t row = tile / tile_columns();
    return {row / tile_rows(), row % tile_rows(), tile % tile_columns()};
  }
  // Tiles whose transformed inputs and outputs are kept at a time.
  int64_t block() const {
    constexpr int64_t kElements = int64_t{1} << 18;  // of both: they stay in the cache
    constexpr int64_t kMin = 64;
    const int64_t fitting = kElements / (positions() * (in + out));
    return std::min(std::max(fitting, kMin), tiles());
  }
};

}  // namespace scgan::winograd
