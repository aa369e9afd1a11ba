// The convolutions of discriminators, by the fastest way for their shape and device.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace scgan {

struct ConvShape {
  int64_t kernel = 1;
  int64_t stride = 1;
  int64_t padding = 0;
  // Doubles height and width by nearest neighbour first; only with kernel 3, stride 1, padding 1.
  bool doubled = false;
};

// [N, C, H, W], convolved by `weight` [O, C, kernel, kernel] in the type of x, without bias; zeros
// outside of x.
at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const ConvShape& shape);

}  // namespace scgan
