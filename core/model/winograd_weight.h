// The weight of a Winograd convolution, transformed (Lavin and Gray, CVPR 2016: G w G^T).
#pragma once

#include <ATen/core/Tensor.h>

#include "core/model/winograd_shape.h"

namespace scgan::winograd {

// A matrix for each position, in panels of kColumns columns: [positions, panels, rows, kColumns].
// Columns beyond the last one are zero. All functions take float32 or float64.

// Of `weight` [O, C, 3, 3]: C rows and O columns.
at::Tensor transformed_weight(const Shape& shape, const at::Tensor& weight);

// Of the transformed weight: O rows and C columns.
at::Tensor transposed(const Shape& shape, const at::Tensor& transformed);

// The gradient of the weight [O, C, 3, 3], given that of the transformed one as plain matrices
// [positions, out_row, in_row].
at::Tensor weight_gradient(const Shape& shape, const at::Tensor& of_transformed);

}  // namespace scgan::winograd
