// Convolutions as layers: nn::Conv2d and nn::ConvTranspose2d that compute in the type of their
// input, and whose weights are zero until they get their own.
#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include <type_traits>
#include <variant>

#include "core/model/arithmetic.h"
#include "core/model/typed_conv.h"

namespace scgan {

// On CPUs the bias is added by itself: its gradient is then a sum over dy, for which oneDNN's
// convolutions take up to half as long as for all the rest, those of transposed ones in bfloat16
// twice as long.
inline at::Tensor with_bias(const at::Tensor& y, const at::Tensor& bias) {
  return bias.defined() ? y + bias.view({1, -1, 1, 1}) : y;
}

class TypedConv2dImpl : public torch::nn::Conv2dImpl {
 public:
  explicit TypedConv2dImpl(const torch::nn::Conv2dOptions& made_with) : Conv2dImpl(made_with) {}
  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor typed = in_type_of(x, bias);
    const at::Tensor y =
        typed_conv2d(x, in_type_of(x, weight), x.is_cpu() ? at::Tensor() : typed, *options.stride(),
                     *std::get<torch::ExpandingArray<2>>(options.padding()));
    return x.is_cpu() ? with_bias(y, typed) : y;
  }
};
TORCH_MODULE(TypedConv2d);

class TypedConvTranspose2dImpl : public torch::nn::ConvTranspose2dImpl {
 public:
  explicit TypedConvTranspose2dImpl(const torch::nn::ConvTranspose2dOptions& made_with)
      : ConvTranspose2dImpl(made_with) {}
  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor typed = in_type_of(x, bias);
    const at::Tensor y = typed_conv_transpose2d(
        x, in_type_of(x, weight), x.is_cpu() ? at::Tensor() : typed, *options.stride(),
        *std::get<torch::ExpandingArray<2>>(options.padding()), *options.output_padding());
    return x.is_cpu() ? with_bias(y, typed) : y;
  }
};
TORCH_MODULE(TypedConvTranspose2d);

// Gives `conv`, which was made for one channel, `in` input and `out` output channels, and zeros as
// weights. LibTorch's constructors draw weights, which takes as long as drawing ours (initialize()
// in networks.h).
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
