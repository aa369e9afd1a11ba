// Convolutions with a large kernel from or to few channels, the first and last layer of generators,
// fast on CPUs.
//
// Each row of the kernel is a convolution of its own, [1, kernel], whose outputs are then added.
// oneDNN computes at least 16 output channels, so with 3 channels all rows of a 7 x 7 kernel take
// less than half of the time together.
#pragma once

#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include <cstdint>

namespace scgan {

// [N, in, H, W] -> [N, out, H - kernel + 1, W - kernel + 1]: nn::Conv2d with a square kernel,
// stride 1 and no padding, and with its parameters; for few input channels. On CPUs the gradient
// of the input is computed by rows, in LibTorch's default memory format.
class FirstConv2dImpl : public torch::nn::Conv2dImpl {
 public:
  FirstConv2dImpl(int64_t in, int64_t out, int64_t kernel)
      : Conv2dImpl(torch::nn::Conv2dOptions(in, out, kernel)) {}

  at::Tensor forward(const at::Tensor& x);
};
TORCH_MODULE(FirstConv2d);

// The same for few output channels. On CPUs the output is computed by rows, in LibTorch's default
// memory format.
class LastConv2dImpl : public torch::nn::Conv2dImpl {
 public:
  LastConv2dImpl(int64_t in, int64_t out, int64_t kernel)
      : Conv2dImpl(torch::nn::Conv2dOptions(in, out, kernel)) {}

  at::Tensor forward(const at::Tensor& x);
};
TORCH_MODULE(LastConv2d);

}  // namespace scgan
