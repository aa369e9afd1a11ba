// Converts the interleaved samples that image libraries return to the planes that networks take.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/image/image_info.h"

namespace scgan {

// Converts [H, W, C] to [3, H, W] of Value (uint8_t or float); grey becomes three equal channels.
// Uses a plain loop because ATen's copy would start threads inside each of the loader's threads.
template <typename Value, typename Sample>
at::Tensor to_planes(const std::vector<Sample>& samples, const ImageInfo& shape) {
  const int64_t pixels = shape.height * shape.width;
  at::Tensor image =
      at::empty({3, shape.height, shape.width}, c10::CppTypeToScalarType<Value>::value);
  auto* planes = image.mutable_data_ptr<Value>();
  for (int64_t channel = 0; channel < 3; ++channel) {
    const Sample* sample = samples.data() + std::min(channel, shape.channels - 1);
    Value* plane = planes + channel * pixels;
    for (int64_t i = 0; i < pixels; ++i) plane[i] = static_cast<Value>(sample[i * shape.channels]);
  }
  return image;
}

}  // namespace scgan
