#include "core/model/reflection_pad.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/reflection_pad2d.h>
#include <ATen/ops/reflection_pad3d.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "core/model/arithmetic.h"

namespace scgan {
namespace {

namespace autograd = torch::autograd;

at::Tensor reflect_dimension(const at::Tensor& images, int64_t dim, int64_t pad) {
  const int64_t size = images.size(dim);
  const auto before = images.narrow(dim, 1, pad).flip(dim);
  const auto after = images.narrow(dim, size - 1 - pad, pad).flip(dim);
  return at::cat({before, images, after}, dim);
}

// The row or column that position `i` of the padded image shows.
int64_t reflected(int64_t i, int64_t pad, int64_t size) {
  const int64_t inside = i < pad ? pad - i : i - pad;
  return inside < size ? inside : 2 * (size - 1) - inside;
}

// Adds a padded plane to `sum` [height, width], each element where its value came from, in the
// order of the padded plane.
template <typename Number>
void fold_plane(const Number* padded, Number* sum, int64_t height, int64_t width, int64_t pad) {
  for (int64_t y = 0; y < height + 2 * pad; ++y, padded += width + 2 * pad) {
    Number* row = sum + reflected(y, pad, height) * width;
    for (int64_t x = 0; x < pad; ++x) row[pad - x] += padded[x];
    const Number* inside = padded + pad;
    for (int64_t x = 0; x < width; ++x) row[x] += inside[x];
    for (int64_t x = 0; x < pad; ++x) row[width - 2 - x] += inside[width + x];
  }
}

// ATen's CPU padding with a backward pass that adds whole rows, not elements, with the same bits.
class CpuReflectionPad : public autograd::Function<CpuReflectionPad> {
 public:
  static at::Tensor forward(autograd::AutogradContext* context, const at::Tensor& images,
                            int64_t pad) {
    context->saved_data["pad"] = pad;
    return at::reflection_pad2d(images, {pad, pad, pad, pad});
  }

  static autograd::variable_list backward(autograd::AutogradContext* context,
                                          const autograd::variable_list& gradients) {
    const int64_t pad = context->saved_data["pad"].toInt();
    const at::Tensor padded = gradients[0].contiguous();
    const int64_t height = padded.size(2) - 2 * pad;
    const int64_t width = padded.size(3) - 2 * pad;
    at::Tensor sum = at::zeros({padded.size(0), padded.size(1), height, width}, padded.options());
    const int64_t padded_area = padded.size(2) * padded.size(3);
    AT_DISPATCH_FLOATING_TYPES(padded.scalar_type(), "reflection_pad", [&] {
      const auto* from = padded.const_data_ptr<scalar_t>();
      auto* to = sum.mutable_data_ptr<scalar_t>();
      at::parallel_for(0, sum.size(0) * sum.size(1), 1, [&](int64_t begin, int64_t end) {
        for (int64_t plane = begin; plane < end; ++plane) {
          fold_plane(from + plane * padded_area, to + plane * height * width, height, width, pad);
        }
      });
    });
    return {sum, at::Tensor()};
  }
};

// Adds the mirrored borders of one dimension to what they are copies of.
at::Tensor fold_dimension(const at::Tensor& padded, int64_t dim, int64_t pad) {
  const int64_t size = padded.size(dim) - 2 * pad;
  at::Tensor sum = padded.narrow(dim, pad, size).clone(at::MemoryFormat::ChannelsLast);
  const auto mirrored = [&](int64_t begin) {
    const at::Tensor border = padded.narrow(dim, begin, pad);
    return pad == 1 ? border : border.flip(dim);
  };
  sum.narrow(dim, 1, pad).add_(mirrored(0));
  sum.narrow(dim, size - 1 - pad, pad).add_(mirrored(pad + size));
  return sum;
}

// On GPUs, in channels_last. LibTorch's kernels for two dimensions copy to its default format. The
// one for three dimensions copies pixels with all their channels, [1, N, H, W, C]; its backward
// pass adds in no fixed order.
class ChannelsLastPad : public autograd::Function<ChannelsLastPad> {
 public:
  static at::Tensor forward(autograd::AutogradContext* context, const at::Tensor& images,
                            int64_t pad) {
    context->saved_data["pad"] = pad;
    const at::Tensor pixels =
        images.contiguous(at::MemoryFormat::ChannelsLast).permute({0, 2, 3, 1}).unsqueeze(0);
    return at::reflection_pad3d(pixels, {0, 0, pad, pad, pad, pad})
        .squeeze(0)
        .permute({0, 3, 1, 2});
  }

  static autograd::variable_list backward(autograd::AutogradContext* context,
                                          const autograd::variable_list& gradients) {
    const int64_t pad = context->saved_data["pad"].toInt();
    return {fold_dimension(fold_dimension(gradients[0], 2, pad), 3, pad), at::Tensor()};
  }
};

}  // namespace

// LibTorch's CUDA kernel of the backward pass, unlike its documentation, adds in a fixed order when
// deterministic algorithms are requested: one thread gathers all terms of an element
// (LibTorch 2.11, aten/src/ATen/native/cuda/ReflectionPad.cu). That kernel skips a term where one
// element is mirrored at both borders of a dimension.
at::Tensor reflection_pad(const at::Tensor& images, int64_t pad, ReflectionPadding on_gpu) {
  if (images.scalar_type() == at::kBFloat16 && images.is_cpu()) {
    return at::reflection_pad2d(images, {pad, pad, pad, pad});  // adds in a fixed order, too
  }
  if (images.is_cpu()) return CpuReflectionPad::apply(images, pad);
  if (on_gpu == ReflectionPadding::kNative && is_channels_last(images)) {
    return ChannelsLastPad::apply(images, pad);
  }
  const bool is_small = std::min(images.size(2), images.size(3)) <= 2 * pad + 1;
  if (on_gpu == ReflectionPadding::kNative && !is_small) {
    return at::reflection_pad2d(images, {pad, pad, pad, pad});
  }
  return reflect_dimension(reflect_dimension(images, 2, pad), 3, pad);
}

}  // namespace scgan
