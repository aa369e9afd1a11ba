// Convolutions whose weights are zero until they get their own. LibTorch's constructors draw
// weights, which takes as long as drawing ours (initialize() in networks.h) and is of no use.
#pragma once

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <torch/nn/modules/conv.h>

#include <type_traits>

namespace scgan {

// `conv` is an nn::Conv2d or nn::ConvTranspose2d that was made for one channel; it gets `in` input
// and `out` output channels. Its other options stay.
template <typename Conv>
Conv zero_conv(Conv conv, int64_t in, int64_t out) {
  const at::NoGradGuard no_grad;
  const bool is_transposed = std::is_same_v<Conv, torch::nn::ConvTranspose2d>;
  conv->options.in_channels(in).out_channels(out);
  auto sizes = conv->weight.sizes().vec();
  sizes[is_transposed ? 0 : 1] = in;
  sizes[is_transposed ? 1 : 0] = out;
  conv->weight.set_data(at::zeros(sizes));
  if (conv->bias.defined()) conv->bias.set_data(at::zeros({out}));
  return conv;
}

}  // namespace scgan
