#include "core/model/typed_conv.h"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/conv_transpose2d.h>

#include "core/model/arithmetic.h"

namespace scgan {
namespace {

// The type in which numbers of x are multiplied.
at::ScalarType product_type(const at::Tensor& x) {
  static const bool has_bf16 = cpu_has_bf16();
  const bool emulates = x.is_cpu() && x.scalar_type() == at::kBFloat16 && !has_bf16;
  return emulates ? at::kFloat : x.scalar_type();
}

at::Tensor in_type(const at::Tensor& parameter, at::ScalarType type) {
  return parameter.defined() ? parameter.to(type) : parameter;
}

}  // namespace

at::Tensor typed_conv2d(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                        at::IntArrayRef stride, at::IntArrayRef padding) {
  const at::ScalarType type = product_type(x);
  return at::conv2d(x.to(type), weight.to(type), in_type(bias, type), stride, padding)
      .to(x.scalar_type());
}

at::Tensor typed_conv_transpose2d(const at::Tensor& x, const at::Tensor& weight,
                                  const at::Tensor& bias, at::IntArrayRef stride,
                                  at::IntArrayRef padding, at::IntArrayRef output_padding) {
  const at::ScalarType type = product_type(x);
  return at::conv_transpose2d(x.to(type), weight.to(type), in_type(bias, type), stride, padding,
                              output_padding)
      .to(x.scalar_type());
}

}  // namespace scgan
