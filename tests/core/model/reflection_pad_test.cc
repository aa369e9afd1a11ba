#include "core/model/reflection_pad.h"

#include <gtest/gtest.h>
#include <torch/types.h>

namespace scgan {
namespace {

TEST(ReflectionPadTest, MirrorsWithoutRepeatingTheBorder) {
  const auto row = torch::arange(1.0, 5.0).view({1, 1, 1, 4}).expand({1, 1, 4, 4});
  const auto padded = reflection_pad(row, 2);
  EXPECT_EQ(padded.sizes(), (std::vector<int64_t>{1, 1, 8, 8}));
  EXPECT_TRUE(torch::equal(padded[0][0][0],
                           torch::tensor({3.0F, 2.0F, 1.0F, 2.0F, 3.0F, 4.0F, 3.0F, 2.0F})));
}

TEST(ReflectionPadTest, GradientCountsHowOftenAPixelIsUsed) {
  const auto images = torch::zeros({1, 1, 3, 3}).requires_grad_();
  reflection_pad(images, 1).sum().backward();
  EXPECT_TRUE(
      torch::equal(images.grad()[0][0],
                   torch::tensor({{1.0F, 3.0F, 1.0F}, {3.0F, 9.0F, 3.0F}, {1.0F, 3.0F, 1.0F}})));
}

}  // namespace
}  // namespace scgan
