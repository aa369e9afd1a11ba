#include "core/features/inception_input.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/upsample_bilinear2d.h>

#include <vector>

#include "core/features/inception_v3.h"
#include "core/image/resize.h"

namespace scgan {
namespace {

at::Tensor as_pytorch_fid(const at::Tensor& images) {
  const at::Tensor x = images.to(at::kFloat).div_(255);
  return at::upsample_bilinear2d(x, {kInceptionSide, kInceptionSide}, /*align_corners=*/false)
      .mul(2)
      .sub_(1);
}

// TensorFlow 1's bilinear resize along one axis of [N, 3, H, W].
at::Tensor resize_without_half_pixel(const at::Tensor& x, int64_t axis) {
  const int64_t size = x.size(axis);
  const at::Tensor source = at::arange(kInceptionSide, at::kDouble) * size / kInceptionSide;
  const at::Tensor low = source.floor().to(at::kLong);
  const at::Tensor high = (low + 1).clamp_max(size - 1);
  const at::Tensor weight = (source - low).to(at::kFloat);
  const at::Tensor from = x.index_select(axis, low);
  const at::Tensor step = x.index_select(axis, high) - from;
  return from + step * (axis == 2 ? weight.view({-1, 1}) : weight);
}

at::Tensor to_tensorflow_range(const at::Tensor& levels) { return (levels - 128).div_(128); }

at::Tensor as_ttur(const at::Tensor& images) {
  const at::Tensor wide = resize_without_half_pixel(images.to(at::kFloat), 3);
  return to_tensorflow_range(resize_without_half_pixel(wide, 2));
}

at::Tensor as_clean_fid(const at::Tensor& images) {
  std::vector<at::Tensor> resized;
  for (const at::Tensor& image : images.unbind()) {
    resized.push_back(resize_bicubic(image.to(at::kFloat), kInceptionSide, kInceptionSide));
  }
  return to_tensorflow_range(at::stack(resized).clamp(0, 255));
}

}  // namespace

at::Tensor inception_input(const at::Tensor& images, InceptionInput variant) {
  TORCH_INTERNAL_ASSERT(images.dim() == 4 && images.scalar_type() == at::kByte);
  // Contiguous, because another memory layout would use another kernel, with other bits.
  const at::Tensor levels = images.to(at::kCPU).contiguous();
  switch (variant) {
    case InceptionInput::kLegacyPytorch:
      return as_pytorch_fid(levels);
    case InceptionInput::kLegacyTensorflow:
      return as_ttur(levels);
    case InceptionInput::kClean:
      return as_clean_fid(levels);
  }
  TORCH_INTERNAL_ASSERT(false);
}

}  // namespace scgan
