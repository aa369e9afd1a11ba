// Prepares images for Inception-v3 in the three ways used for published FIDs. Distances computed
// with different ways are not comparable.
#pragma once

#include <ATen/core/Tensor.h>

#include "core/spec/run_spec.h"

namespace scgan {

// images uint8 [N, 3, H, W], RGB, of any size -> float32 [N, 3, 299, 299] on the CPU.
//   legacy_pytorch     as pytorch-fid: bilinear with half-pixel centres, no antialias; to [-1, 1]
//   legacy_tensorflow  as TTUR: bilinear with output i at i * size / 299; (v - 128) / 128
//   clean              as clean-fid: Pillow's antialiased bicubic in float, clipped to 0 ... 255,
//                      not rounded; (v - 128) / 128
at::Tensor inception_input(const at::Tensor& images, InceptionInput variant);

}  // namespace scgan
