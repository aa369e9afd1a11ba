#include "core/model/reflection_pad.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace scgan {
namespace {

TEST(ReflectionPadTest, MirrorsWithoutRepeatingTheBorder) {
  const auto row = at::arange(1.0, 5.0).view({1, 1, 1, 4}).expand({1, 1, 4, 4});
  const auto padded = reflection_pad(row, 2);
  EXPECT_EQ(padded.sizes(), (std::vector<int64_t>{1, 1, 8, 8}));
  EXPECT_TRUE(
      at::equal(padded[0][0][0], at::tensor({3.0F, 2.0F, 1.0F, 2.0F, 3.0F, 4.0F, 3.0F, 2.0F})));
}

TEST(ReflectionPadTest, GradientCountsHowOftenAPixelIsUsed) {
  const auto images = at::zeros({1, 1, 3, 3}).requires_grad_();
  reflection_pad(images, 1).sum().backward();
  EXPECT_TRUE(
      at::equal(images.grad()[0][0],
                at::tensor({1.0F, 3.0F, 1.0F, 3.0F, 9.0F, 3.0F, 1.0F, 3.0F, 1.0F}).view({3, 3})));
}

}  // namespace
}  // namespace scgan
