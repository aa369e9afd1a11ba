#include "tools/translate/written_image.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

namespace scgan {

at::Tensor levels_of_16_bits(const at::Tensor& image) {
  return raw_values(image, 16, full_range(16));
}

at::Tensor raw_values(const at::Tensor& image, int64_t bits, const ChannelRanges& ranges) {
  at::Tensor values = image.clamp(-1, 1).to(at::kDouble).add_(1).div_(2);
  for (size_t c = 0; c < 3; ++c) {
    const auto [low, high] = ranges[c];
    values[static_cast<int64_t>(c)].mul_(high - low).add_(low);
  }
  return values.round_().clamp_(0, full_range(bits)[0][1]).to(bits == 8 ? at::kByte : at::kFloat);
}

}  // namespace scgan
