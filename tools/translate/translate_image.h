// Translates one image of any size, whole or in tiles.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "core/model/networks.h"

namespace scgan {

struct Tiling {
  // Side of the squares that the generator translates, a multiple of 4 and at least 8; 0: the image
  // is translated whole.
  int64_t side = 0;
  // Pixels that neighbouring squares share at least, a multiple of 4, at most half the side.
  int64_t overlap = 0;
};

// image [3, H, W] in [-1, 1] -> the same shape, on the CPU, in the generator's type. The image is
// enlarged by reflection at its right and lower edge to multiples of 4, at least 8 and at least the
// side of a tile, and the result is cropped. Overlapping tiles are blended by the weights of
// tile_spans.h. The same input gives the same bits.
at::Tensor translate_image(Generator& generator, const at::Tensor& image, const Tiling& tiling);

}  // namespace scgan
