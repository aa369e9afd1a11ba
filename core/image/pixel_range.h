// Between the pixel values of images and the range that networks see.
#pragma once

#include <ATen/core/Tensor.h>

namespace scgan {

// Grey levels [.., 3, H, W] -> float32 in [-1, 1]: (v / 255 - 0.5) / 0.5.
at::Tensor to_network_range(const at::Tensor& grey_levels);

// Network output -> uint8 grey levels, truncated as in the published code: (x + 1) / 2 * 255,
// clamped first.
at::Tensor to_grey_levels(const at::Tensor& images);

}  // namespace scgan
