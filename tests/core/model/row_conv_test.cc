#include "core/model/row_conv.h"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/rand.h>
#include <gtest/gtest.h>

#include "tests/core/model/tensor_difference.h"

namespace scgan {
namespace {

// Double precision, so that only a wrong formula shows.
template <typename Layer>
void expect_equals_a_convolution(Layer layer, int64_t in, int64_t out) {
  layer->to(at::kDouble);
  const at::Tensor images = at::rand({2, in, 12, 17}, at::kDouble).requires_grad_(true);
  const at::Tensor factors = at::rand({2, out, 6, 11}, at::kDouble);
  const at::Tensor output = layer->forward(images);
  ASSERT_EQ(output.sizes(), factors.sizes());
  (output * factors).sum().backward();

  const at::Tensor same_images = images.detach().clone().requires_grad_(true);
  const at::Tensor weight = layer->weight.detach().clone().requires_grad_(true);
  const at::Tensor bias = layer->bias.detach().clone().requires_grad_(true);
  const at::Tensor expected = at::conv2d(same_images, weight, bias);
  (expected * factors).sum().backward();
  EXPECT_LT(difference(output, expected), 1e-14);
  EXPECT_LT(difference(images.grad(), same_images.grad()), 1e-14);
  EXPECT_LT(difference(layer->weight.grad(), weight.grad()), 1e-14);
  EXPECT_LT(difference(layer->bias.grad(), bias.grad()), 1e-14);
}

TEST(RowConvTest, TheFirstLayerEqualsAConvolution) {
  expect_equals_a_convolution(FirstConv2d(3, 5, 7), 3, 5);
}

TEST(RowConvTest, TheLastLayerEqualsAConvolution) {
  expect_equals_a_convolution(LastConv2d(5, 3, 7), 5, 3);
}

}  // namespace
}  // namespace scgan
