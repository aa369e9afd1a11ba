// A convolution with few output channels, fast on CPUs.
#pragma once

#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include <cstdint>

namespace scgan {

// [N, in, H, W] -> [N, out, H - kernel + 1, W - kernel + 1]: nn::Conv2d with a square kernel,
// stride 1 and no padding, and with its parameters.
//
// On CPUs each row of the kernel is a convolution of its own, [1, kernel], whose outputs are then
// added. oneDNN computes at least 16 output channels, so with 3 channels all rows of a 7 x 7 kernel
// take less than half of the time together.
class RowConv2dImpl : public torch::nn::Conv2dImpl {
 public:
  RowConv2dImpl(int64_t in, int64_t out, int64_t kernel)
      : Conv2dImpl(torch::nn::Conv2dOptions(in, out, kernel)) {}

  at::Tensor forward(const at::Tensor& x);
};
TORCH_MODULE(RowConv2d);

}  // namespace scgan
