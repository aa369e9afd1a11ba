// A field of view cut into tiles x tiles images of equal size, row by row.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace scgan {

// Copies a contiguous image [3, tiles * side, tiles * side] of uint8 or float to `to`, one tile
// [3, side, side] after the other. Values beyond 0 ... 255 are clipped.
template <typename Value>
void cut_tiles(const at::Tensor& image, int64_t tiles, Value* to);

// Appends NAME-ROW-COLUMN for each tile, or the name of the field alone if it is the only tile.
void append_tile_names(const std::string& field, int64_t tiles, std::vector<std::string>& names);

}  // namespace scgan
