// Pillow's bicubic resize: Keys kernel with a = -0.5, support widened by in/out when shrinking,
// weights normalised over the taps in range, centre (i + 0.5) * in / out; horizontal pass, then
// vertical. Pillow 13 exchanges the passes where that saves work (some images that lose more in
// height than in width), which earlier versions, and the published experiments, never did.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace scgan {

// image [C, H, W] -> [C, height, width], same type. uint8: each pass rounds and clips to uint8, as
// Pillow does on 8-bit images. float32: no rounding, no clipping, sums in double.
at::Tensor resize_bicubic(const at::Tensor& image, int64_t height, int64_t width);

}  // namespace scgan
