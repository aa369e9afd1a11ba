// Convolutions as layers: nn::Conv2d and nn::ConvTranspose2d that compute in the type of their
// input, and whose weights are zero until they get their own.
#pragma once

#include <ATen/core/grad_mode.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/conv_transpose2d.h>
#include <ATen/ops/zeros.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include <type_traits>
#include <variant>

#include "core/model/arithmetic.h"

namespace scgan {

class TypedConv2dImpl : public torch::nn::Conv2dImpl {
 public:
  explicit TypedConv2dImpl(const torch::nn::Conv2dOptions& made_with) : Conv2dImpl(made_with) {}
  at::Tensor forward(const at::Tensor& x) {
    return at::conv2d(x, in_type_of(x, weight), in_type_of(x, bias), *options.stride(),
                      *std::get<torch::ExpandingArray<2>>(options.padding()));
  }
};
TORCH_MODULE(TypedConv2d);

class TypedConvTranspose2dImpl : public torch::nn::ConvTranspose2dImpl {
 public:
  explicit TypedConvTranspose2dImpl(const torch::nn::ConvTranspose2dOptions& made_with)
      : ConvTranspose2dImpl(made_with) {}
  at::Tensor forward(const at::Tensor& x) {
    return at::conv_transpose2d(x, in_type_of(x, weight), in_type_of(x, bias), *options.stride(),
                                *std::get<torch::ExpandingArray<2>>(options.padding()),
                                *options.output_padding());
  }
};
TORCH_MODULE(TypedConvTranspose2d);

// LibTorch's constructors draw weights, which takes as long as drawing ours (initialize() in
// networks.h) and is of no use.
//

// `conv` was made for one channel; it gets `in` input
// and `out` output channels. Its other options stay.
template <typename Conv>
Conv zero_conv(Conv conv, int64_t in, int64_t out) {
  const at::NoGradGuard no_grad;
  const bool is_transposed = std::is_same_v<Conv, TypedConvTranspose2d>;
  conv->options.in_channels(in).out_channels(out);
  auto sizes = conv->weight.sizes().vec();
  sizes[is_transposed ? 0 : 1] = in;
  sizes[is_transposed ? 1 : 0] = out;
  conv->weight.set_data(at::zeros(sizes));
  if (conv->bias.defined()) conv->bias.set_data(at::zeros({out}));
  return conv;
}

}  // namespace scgan
