#include "core/model/row_conv.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/rand.h>
#include <gtest/gtest.h>

namespace scgan {
namespace {

// The largest difference of values, relative to the largest value.
double difference(const at::Tensor& a, const at::Tensor& b) {
  return ((a - b).abs().max() / b.abs().max()).item<double>();
}

// Double precision, so that only a wrong formula shows.
TEST(RowConvTest, EqualsAConvolutionForwardAndBackward) {
  RowConv2d conv(5, 3, 7);
  conv->to(at::kDouble);
  const at::Tensor images = at::rand({2, 5, 12, 17}, at::kDouble).requires_grad_(true);
  const at::Tensor factors = at::rand({2, 3, 6, 11}, at::kDouble);
  const at::Tensor output = conv->forward(images);
  ASSERT_EQ(output.sizes(), factors.sizes());
  (output * factors).sum().backward();

  const at::Tensor same_images = images.detach().clone().requires_grad_(true);
  const at::Tensor weight = conv->weight.detach().clone().requires_grad_(true);
  const at::Tensor bias = conv->bias.detach().clone().requires_grad_(true);
  const at::Tensor expected = at::conv2d(same_images, weight, bias);
  (expected * factors).sum().backward();
  EXPECT_LT(difference(output, expected), 1e-14);
  EXPECT_LT(difference(images.grad(), same_images.grad()), 1e-14);
  EXPECT_LT(difference(conv->weight.grad(), weight.grad()), 1e-14);
  EXPECT_LT(difference(conv->bias.grad(), bias.grad()), 1e-14);
}

}  // namespace
}  // namespace scgan
