#include "core/model/reflection_pad.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/reflection_pad2d.h>

namespace scgan {
namespace {

at::Tensor reflect_dimension(const at::Tensor& images, int64_t dim, int64_t pad) {
  const int64_t size = images.size(dim);
  const auto before = images.narrow(dim, 1, pad).flip(dim);
  const auto after = images.narrow(dim, size - 1 - pad, pad).flip(dim);
  return at::cat({before, images, after}, dim);
}

}  // namespace

at::Tensor reflection_pad(const at::Tensor& images, int64_t pad) {
  // ATen's CPU kernel has a fixed order; its CUDA backward pass uses atomics, which have none.
  if (images.is_cpu()) {
    return at::reflection_pad2d(images, {pad, pad, pad, pad});
  }
  return reflect_dimension(reflect_dimension(images, 2, pad), 3, pad);
}

}  // namespace scgan
