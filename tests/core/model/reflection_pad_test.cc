#include "core/model/reflection_pad.h"

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/randn_like.h>
#include <ATen/ops/reflection_pad2d.h>
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

TEST(ReflectionPadTest, GradientHasTheBitsOfATensOwn) {
  for (const int threads : {1, 2}) {
    at::set_num_threads(threads);
    for (const auto type : {at::kFloat, at::kDouble}) {
      for (const int64_t pad : {1, 3}) {
        const auto images = at::randn({2, 3, 5, 9}, type).requires_grad_();
        const auto same = images.detach().clone().requires_grad_();
        const auto padded = reflection_pad(images, pad);
        const auto factors = at::randn_like(padded).transpose(2, 3).contiguous().transpose(2, 3);
        padded.backward(factors);
        at::reflection_pad2d(same, {pad, pad, pad, pad}).backward(factors);
        EXPECT_TRUE(at::equal(images.grad(), same.grad())) << threads << " " << type << " " << pad;
      }
    }
  }
  at::set_num_threads(1);
}

}  // namespace
}  // namespace scgan
