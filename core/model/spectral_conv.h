// A convolution without bias under spectral normalisation (Miyato, Kataoka, Koyama, Yoshida, ICLR
// 2018).
//
// The kernel is W / sigma, sigma = u^T W v with W as a matrix [out, in * k * k]. In train mode each
// forward moves u and v towards W's leading singular vectors by one power iteration; eval mode does
// not change them.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <utility>

#include "core/model/convolve.h"

namespace scgan {

// The least norm that vectors are divided by.
inline constexpr double kSpectralEpsilon = 1e-12;

// Parameter weight_orig; buffers weight_u [out] and weight_v [in * k * k]. All are zero until
// initialize() is called.
class SpectralConv2dImpl : public torch::nn::Module {
 public:
  SpectralConv2dImpl(int64_t in, int64_t out, ConvShape shape);

  at::Tensor forward(const at::Tensor& x);

  // W / sigma, differentiable through both. In train mode each call makes one power iteration.
  at::Tensor normalized_weight();

  // For SpectralGroup, which computes these of several layers together.
  const at::Tensor& weight() const { return weight_; }
  const at::Tensor& u() const { return u_; }
  const at::Tensor& v() const { return v_; }
  // The next forward, and only that one, takes `weight` instead of normalized_weight().
  void set_next_weight(at::Tensor weight) { next_weight_ = std::move(weight); }

 private:
  ConvShape shape_;
  at::Tensor weight_;
  at::Tensor u_;
  at::Tensor v_;
  at::Tensor next_weight_;
};
TORCH_MODULE(SpectralConv2d);

}  // namespace scgan
