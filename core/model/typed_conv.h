// LibTorch's convolutions in the type of their input. Where the processor has no bfloat16
// arithmetic, bfloat16 numbers are multiplied in float32 and the result is rounded to bfloat16: on
// a processor with AVX2, a training step by LibTorch's own convolutions took five times as long.
#pragma once

#include <ATen/core/Tensor.h>

namespace scgan {

// As at::conv2d and at::conv_transpose2d. x: [N, C, H, W]; `weight` and `bias`, which may be
// undefined, have the type of x.
at::Tensor typed_conv2d(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                        at::IntArrayRef stride = 1, at::IntArrayRef padding = 0);
at::Tensor typed_conv_transpose2d(const at::Tensor& x, const at::Tensor& weight,
                                  const at::Tensor& bias, at::IntArrayRef stride,
                                  at::IntArrayRef padding, at::IntArrayRef output_padding);

}  // namespace scgan
