// 3 x 3 convolutions with less than half of the products, for CPUs.
//
// Winograd's minimal filtering F(2 x 2, 3 x 3) (Lavin and Gray, CVPR 2016): outputs are computed in
// tiles of 2 x 2 from 4 x 4 inputs by 16 products per pair of channels instead of 36. The
// coefficients are 1 and 1/2, so that rounding errors are about as large as those of a direct
// convolution.
#pragma once

#include <ATen/core/Tensor.h>

#include "core/model/border.h"

namespace scgan {

// [N, C, H, W] -> [N, O, H, W]: the convolution by `weight` [O, C, 3, 3] plus `bias` [O], which may
// be undefined. All have the same type. With Border::kReflect, H and W must be at least 2.
//
// On CPUs the result has the memory format channels_last; bfloat16 is computed in float32, unless
// the processor has AMX. Elsewhere LibTorch's functions.
at::Tensor conv3x3(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                   Border border);

// [N, C, H, W] -> [N, O, 2 H, 2 W]: the same convolution, with Border::kZero, of `x` doubled by
// nearest neighbour. On CPUs it takes 9 products per tile, and `x` is not doubled in memory.
at::Tensor doubled_conv3x3(const at::Tensor& x, const at::Tensor& weight);

}  // namespace scgan
