#include "core/image/pixel_range.h"

#include <ATen/core/Tensor.h>

namespace scgan {

at::Tensor to_network_range(const at::Tensor& grey_levels) {
  return grey_levels.to(at::kFloat).div(255).sub_(0.5).div_(0.5);
}

at::Tensor to_grey_levels(const at::Tensor& images) {
  return images.clamp(-1, 1).add_(1).div_(2).mul_(255).to(at::kByte);
}

}  // namespace scgan
