#include "core/data/tiles.h"

#include <fmt/format.h>

#include <algorithm>

namespace scgan {

template <typename Value>
void cut_tiles(const at::Tensor& image, int64_t tiles, Value* to) {
  const int64_t whole = image.size(1);
  const int64_t side = whole / tiles;
  const Value* const from = image.const_data_ptr<Value>();
  for (int64_t tile = 0; tile < tiles * tiles; ++tile) {
    const Value* const corner = from + tile / tiles * side * whole + tile % tiles * side;
    for (int64_t line = 0; line < 3 * side; ++line, to += side) {
      const Value* const begin = corner + (line / side * whole + line % side) * whole;
      // The bicubic filter overshoots at the edges of a float image.
      std::transform(begin, begin + side, to,
                     [](Value level) { return std::clamp(level, Value{0}, Value{255}); });
    }
  }
}

template void cut_tiles(const at::Tensor& image, int64_t tiles, uint8_t* to);
template void cut_tiles(const at::Tensor& image, int64_t tiles, float* to);

void append_tile_names(const std::string& field, int64_t tiles, std::vector<std::string>& names) {
  if (tiles == 1) {
    names.push_back(field);
    return;
  }
  for (int64_t tile = 0; tile < tiles * tiles; ++tile) {
    names.push_back(fmt::format("{}-{}-{}", field, tile / tiles, tile % tiles));
  }
}

}  // namespace scgan
