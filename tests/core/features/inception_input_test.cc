#include "core/features/inception_input.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <utility>

#include "core/features/inception_v3.h"
#include "tests/core/features/inception_samples.h"

namespace scgan {
namespace {

class InceptionInputTest : public testing::TestWithParam<InceptionInput> {};

INSTANTIATE_TEST_SUITE_P(Variants, InceptionInputTest,
                         testing::Values(InceptionInput::kLegacyPytorch,
                                         InceptionInput::kLegacyTensorflow, InceptionInput::kClean),
                         [](const auto& test) { return std::string(to_string(test.param)); });

// At every 23rd row and column and the last: enlarged, of the network's size, and shrunk. The
// variants' values are torch 2.11.0's, NumPy's and Pillow 13.0.0's.
TEST_P(InceptionInputTest, AgreesWithTheOracle) {
  at::Tensor sampled = at::arange(0, kInceptionSide, 23);
  sampled = at::cat({sampled, at::full({1}, kInceptionSide - 1, at::kLong)});
  for (const auto& [height, width] : {std::pair{64, 48}, {299, 299}, {340, 620}}) {
    const std::string name = fmt::format("{}.{}x{}", to_string(GetParam()), height, width);
    const at::Tensor expected = golden("inception_inputs.safetensors", name);
    ASSERT_TRUE(expected.defined()) << name;
    const at::Tensor whole = inception_input(sample_images(1, height, width), GetParam());
    ASSERT_EQ(whole.sizes(), at::IntArrayRef({1, 3, kInceptionSide, kInceptionSide}));
    ASSERT_EQ(whole.scalar_type(), at::kFloat);
    const at::Tensor values = whole[0].index_select(1, sampled).index_select(2, sampled);
    EXPECT_LE((values - expected).abs().max().item<double>(), 2e-6) << name;
  }
}

TEST_P(InceptionInputTest, ResizesEveryImageIndependently) {
  const at::Tensor images = sample_images(3, 40, 90);
  const at::Tensor all = inception_input(images, GetParam());
  EXPECT_TRUE(at::equal(all.narrow(0, 2, 1), inception_input(images.narrow(0, 2, 1), GetParam())));
}

TEST_P(InceptionInputTest, MemoryLayoutDoesNotChangeTheBits) {
  const at::Tensor images = sample_images(2, 64, 48);
  const at::Tensor strided = images.permute({0, 2, 3, 1}).contiguous().permute({0, 3, 1, 2});
  EXPECT_TRUE(at::equal(inception_input(strided, GetParam()), inception_input(images, GetParam())));
}

TEST_P(InceptionInputTest, EnlargesASinglePixel) {
  const at::Tensor white = at::full({1, 3, 1, 1}, 255, at::kByte);
  const double level = GetParam() == InceptionInput::kLegacyPytorch ? 1 : 127. / 128;
  EXPECT_LE((inception_input(white, GetParam()) - level).abs().max().item<double>(), 1e-6);
}

// Two pixels, 0 and 255: where the variants sample them, by hand.
TEST(InceptionInputVariantsTest, DifferInWhereTheySample) {
  const at::Tensor images = at::tensor({0, 255}, at::kByte).view({1, 1, 1, 2}).expand({1, 3, 1, 2});
  const auto at_column = [&](InceptionInput variant, int64_t x) {
    return inception_input(images, variant)[0][0][0][x].item<double>();
  };
  // Column 149 has its centre in the middle; without half pixels it lies at 298 / 299.
  EXPECT_NEAR(at_column(InceptionInput::kLegacyPytorch, 149), 0, 1e-6);
  EXPECT_NEAR(at_column(InceptionInput::kLegacyTensorflow, 149), (255 * 298. / 299 - 128) / 128,
              1e-5);
  EXPECT_NEAR(at_column(InceptionInput::kClean, 149), (127.5 - 128) / 128, 1e-6);
  // No pixel lies to the right of pixel 1; column 0 lies to the left of pixel 0's centre.
  EXPECT_EQ(at_column(InceptionInput::kLegacyTensorflow, 150), 127. / 128);
  EXPECT_EQ(at_column(InceptionInput::kLegacyPytorch, 0), -1);
  EXPECT_EQ(at_column(InceptionInput::kClean, 0), -1);  // clipped: bicubic undershoots
}

// What the clean variant leaves out of Pillow's way with 8 bits.
TEST(InceptionInputVariantsTest, CleanDoesNotRound) {
  const at::Tensor levels =
      inception_input(sample_images(1, 64, 48), InceptionInput::kClean) * 128 + 128;
  const at::Tensor off = (levels - levels.round()).abs();
  EXPECT_GT(off.mean().item<double>(), 0.1);
  EXPECT_LE(levels.max().item<double>(), 255);
  EXPECT_GE(levels.min().item<double>(), 0);
}

}  // namespace
}  // namespace scgan
