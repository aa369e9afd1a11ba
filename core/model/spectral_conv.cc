#include "core/model/spectral_conv.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/dot.h>
#include <ATen/ops/zeros.h>

namespace scgan {
namespace {

at::Tensor normalize(const at::Tensor& vector) {
  return vector / vector.norm().clamp_min(kSpectralEpsilon);
}

}  // namespace

SpectralConv2dImpl::SpectralConv2dImpl(int64_t in, int64_t out, ConvShape shape)
    : shape_(shape),
      weight_(register_parameter("weight_orig", at::zeros({out, in, shape.kernel, shape.kernel}))),
      u_(register_buffer("weight_u", at::zeros({out}))),
      v_(register_buffer("weight_v", at::zeros({in * shape.kernel * shape.kernel}))) {}

at::Tensor SpectralConv2dImpl::normalized_weight() {
  const auto matrix = weight_.flatten(1);
  // The graph keeps its own tensors because the next forward, which may come before the backward
  // pass of this one, changes the buffers in place.
  at::Tensor u;
  at::Tensor v;
  {
    const at::NoGradGuard no_grad;
    if (is_training()) {
      v = normalize(matrix.t().mv(u_));
      u = normalize(matrix.mv(v));
      v_.copy_(v);
      u_.copy_(u);
    } else {
      u = u_.clone();
      v = v_.clone();
    }
  }
  return weight_ / at::dot(u, matrix.mv(v));
}

at::Tensor SpectralConv2dImpl::forward(const at::Tensor& x) {
  const at::Tensor prepared = std::exchange(next_weight_, {});
  return convolve(x, prepared.defined() ? prepared : normalized_weight(), shape_);
}

}  // namespace scgan
