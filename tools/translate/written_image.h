// From a generator's output to the pixels of a PNG file of 16 bits, or of raw values. Files of 8
// bits hold to_grey_levels() of core/image/pixel_range.h.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "core/image/scaling.h"

namespace scgan {

// [-1, 1] -> 0 ... 65535, rounded; float32, as write_png takes it.
at::Tensor levels_of_16_bits(const at::Tensor& image);

// The inverse of scale_to_grey_levels() and to_network_range(): [-1, 1] -> low ... high of each
// channel, rounded and limited to what `bits` can hold. uint8 for 8 bits, float32 for 16.
at::Tensor raw_values(const at::Tensor& image, int64_t bits, const ChannelRanges& ranges);

}  // namespace scgan
