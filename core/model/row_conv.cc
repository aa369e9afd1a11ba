#include "core/model/row_conv.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/conv2d.h>

namespace scgan {

at::Tensor RowConv2dImpl::forward(const at::Tensor& x) {
  if (!x.is_cpu()) return Conv2dImpl::forward(x);
  const int64_t out = weight.size(0);
  const int64_t rows = weight.size(2);
  // Channel r * out + o has row r of the kernel of output channel o.
  const at::Tensor kernels = weight.permute({2, 0, 1, 3}).flatten(0, 1).unsqueeze(2);
  const at::Tensor parts = at::conv2d(x, kernels).contiguous();
  const int64_t height = parts.size(2);
  const int64_t width = parts.size(3);
  // [N, rows, out, H', W']: the part of row r begins r rows lower.
  const at::Tensor aligned = parts.as_strided(
      {x.size(0), rows, out, height - rows + 1, width},
      {rows * out * height * width, out * height * width + width, height * width, width, 1});
  return aligned.sum(1) + bias.view({1, out, 1, 1});
}

}  // namespace scgan
