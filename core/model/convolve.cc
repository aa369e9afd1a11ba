#include "core/model/convolve.h"

#include "core/model/arithmetic.h"
#include "core/model/typed_conv.h"
#include "core/model/winograd_conv.h"

namespace scgan {

at::Tensor convolve(const at::Tensor& x, const at::Tensor& parameter, const ConvShape& shape) {
  const at::Tensor weight = in_type_of(x, parameter);
  if (shape.doubled) return doubled_conv3x3(x, weight);
  if (shape.kernel == 3 && shape.stride == 1 && shape.padding == 1) {
    return conv3x3(x, weight, {}, Border::kZero);
  }
  return typed_conv2d(x, weight, {}, shape.stride, shape.padding);
}

}  // namespace scgan
