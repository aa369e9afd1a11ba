#include "core/eval/output_spread.h"

#include <ATen/ops/full.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "tests/support/thread_communicator.h"

namespace scgan {
namespace {

// Two images of one channel and 1 x 2 pixels: (0, 10) and (4, 30).
at::Tensor two_images() { return at::tensor({0, 10, 4, 30}, at::kByte).view({2, 1, 1, 2}); }

TEST(OutputSpreadTest, VariancesMatchValuesComputedByHand) {
  const PixelVariance variance = pixel_variance(two_images());
  EXPECT_EQ(variance.over_images, (4.0 + 100) / 2);     // of {0, 4} and {10, 30}
  EXPECT_EQ(variance.within_images, (25.0 + 169) / 2);  // of {0, 10} and {4, 30}
}

TEST(OutputSpreadTest, IsTheLowerRatio) {
  EXPECT_EQ(output_spread({10, 30}, {20, 40}), 0.5);
  EXPECT_EQ(output_spread({20, 10}, {20, 40}), 0.25);
  EXPECT_EQ(output_spread({20, 10}, {0, 40}), std::nullopt);
}

TEST(OutputSpreadTest, EqualImagesHaveNone) {
  const at::Tensor one = at::randint(0, 256, {1, 3, 8, 8}, at::kByte);
  EXPECT_EQ(pixel_variance(one.expand({5, 3, 8, 8})).over_images, 0);
  EXPECT_GT(pixel_variance(one.expand({5, 3, 8, 8})).within_images, 0);
}

// Each of a colour of its own.
TEST(OutputSpreadTest, ImagesOfOneColourHaveNone) {
  at::Tensor images = at::randint(0, 256, {5, 3, 1, 1}, at::kByte).expand({5, 3, 8, 8});
  EXPECT_GT(pixel_variance(images).over_images, 0);
  EXPECT_EQ(pixel_variance(images).within_images, 0);
}

TEST(OutputSpreadTest, RanksGetTheBitsOfOneRank) {
  // More pixels than are gathered at once.
  const at::Tensor images = at::randint(0, 256, {6, 3, 320, 320}, at::kByte);
  const PixelVariance expected = pixel_variance(images);
  for (const int ranks : {2, 4}) {
    testing::on_ranks(ranks, [&](Communicator& communicator) {
      PixelSums sums(6, images.sizes().slice(1));
      for (int64_t i = communicator.rank(); i < 6; i += ranks) sums.add(i, images.narrow(0, i, 1));
      sums.share(communicator);
      EXPECT_EQ(sums.variance().over_images, expected.over_images);
      EXPECT_EQ(sums.variance().within_images, expected.within_images);
    });
  }
}

}  // namespace
}  // namespace scgan
