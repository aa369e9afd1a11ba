#include "core/model/typed_conv.h"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/conv_transpose2d.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/randn_like.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/core/model/tensor_difference.h"

namespace scgan {
namespace {

using OfInputAndWeight = std::function<at::Tensor(const at::Tensor& x, const at::Tensor& weight)>;

struct OutputAndGradients {
  at::Tensor y, dx, dweight;
};

OutputAndGradients forward_and_backward(const OfInputAndWeight& convolution, const at::Tensor& x,
                                        const at::Tensor& weight, const at::Tensor& dy) {
  const at::Tensor of = x.detach().clone().requires_grad_(true);
  const at::Tensor w = weight.detach().clone().requires_grad_(true);
  const at::Tensor y = convolution(of, w);
  y.backward(dy.to(y.scalar_type()));
  return {y.detach(), of.grad(), w.grad()};
}

// Whatever the processor has, sums are of exact products in float32 or better, and only results are
// rounded. bfloat16 has 8 bits of precision: rounding changes a number by up to a 256th.
void expect_rounded_once(const at::Tensor& rounded, const at::Tensor& exact) {
  EXPECT_EQ(rounded.scalar_type(), at::kBFloat16);
  const at::Tensor error = (rounded.to(at::kDouble) - exact).abs();
  EXPECT_LT(error.sub_(exact.abs() / 256).max().item<double>(), 1e-4);
}

void expect_equals(const OfInputAndWeight& ours, const OfInputAndWeight& exact, const at::Tensor& x,
                   const at::Tensor& weight) {
  const at::Tensor dy = at::randn_like(exact(x, weight)).to(at::kBFloat16);
  const OutputAndGradients expected =
      forward_and_backward(exact, x.to(at::kDouble), weight.to(at::kDouble), dy.to(at::kDouble));
  const OutputAndGradients in_bf16 = forward_and_backward(ours, x, weight, dy);
  expect_rounded_once(in_bf16.y, expected.y);
  expect_rounded_once(in_bf16.dx, expected.dx);
  expect_rounded_once(in_bf16.dweight, expected.dweight);

  const OutputAndGradients floats =
      forward_and_backward(ours, x.to(at::kFloat), weight.to(at::kFloat), dy);
  EXPECT_EQ(floats.y.scalar_type(), at::kFloat);
  EXPECT_LT(difference(floats.y, expected.y), 5e-6);
  EXPECT_LT(difference(floats.dweight, expected.dweight), 5e-6);
}

at::Tensor bfloat16(at::IntArrayRef shape) { return at::randn(shape).to(at::kBFloat16); }

TEST(TypedConvTest, StridedConvolutionOfBfloat16RoundsOnlyResults) {
  const at::Tensor bias = bfloat16({24});
  expect_equals(
      [&](auto& x, auto& weight) {
        return typed_conv2d(x, weight, bias.to(x.scalar_type()), 2, 1);
      },
      [&](auto& x, auto& weight) { return at::conv2d(x, weight, bias.to(x.scalar_type()), 2, 1); },
      bfloat16({2, 16, 12, 10}), bfloat16({24, 16, 4, 4}));
}

TEST(TypedConvTest, TransposedConvolutionOfBfloat16RoundsOnlyResults) {
  expect_equals(
      [](auto& x, auto& weight) { return typed_conv_transpose2d(x, weight, {}, 2, 1, 1); },
      [](auto& x, auto& weight) { return at::conv_transpose2d(x, weight, {}, 2, 1, 1); },
      bfloat16({2, 16, 6, 5}), bfloat16({16, 8, 3, 3}));
}

}  // namespace
}  // namespace scgan
