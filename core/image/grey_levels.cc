#include "core/image/grey_levels.h"

#include <ATen/core/Tensor.h>

#include <algorithm>

#include "core/image/resize.h"

namespace scgan {

at::Tensor grey_levels(const RawImage& raw, const std::optional<ChannelRanges>& ranges,
                       int64_t side) {
  at::Tensor levels = raw.pixels;
  if (raw.bits != 8 || ranges) {
    levels = scale_to_grey_levels(raw.pixels, ranges ? *ranges : full_range(raw.bits), raw.present);
  }
  if (side == 0) return levels;
  levels = resize_bicubic(levels, side, side).contiguous();
  if (levels.scalar_type() == at::kFloat) {
    // Bicubic resizing of floats may overshoot. A plain loop, because ATen would start threads
    // inside each of the threads that read images.
    float* const first = levels.mutable_data_ptr<float>();
    std::transform(first, first + levels.numel(), first,
                   [](float level) { return std::clamp(level, 0.F, 255.F); });
  }
  return levels;
}

}  // namespace scgan
