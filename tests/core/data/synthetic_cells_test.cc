#include "core/data/synthetic_cells.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace scgan {
namespace {

double mean_of(int domain, int64_t size) {
  double sum = 0;
  for (int64_t i = 0; i < 8; ++i) {
    sum += synthetic_image({}, domain, 0, i, size).to(at::kFloat).mean().item<double>() / 8;
  }
  return sum;
}

TEST(SyntheticCellsTest, SameArgumentsGiveTheSameImage) {
  const at::Tensor image = synthetic_image({}, 0, 0, 3, 64);
  EXPECT_EQ(image.sizes(), (std::vector<int64_t>{3, 64, 64}));
  EXPECT_EQ(image.scalar_type(), at::kByte);
  EXPECT_TRUE(at::equal(image, synthetic_image({}, 0, 0, 3, 64)));
}

TEST(SyntheticCellsTest, EveryArgumentCounts) {
  const at::Tensor image = synthetic_image({}, 0, 0, 3, 64);
  SyntheticSpec other_seed;
  other_seed.seed = 2;
  EXPECT_FALSE(at::equal(image, synthetic_image(other_seed, 0, 0, 3, 64)));
  EXPECT_FALSE(at::equal(image, synthetic_image({}, 1, 0, 3, 64)));
  EXPECT_FALSE(at::equal(image, synthetic_image({}, 0, 1, 3, 64)));
  EXPECT_FALSE(at::equal(image, synthetic_image({}, 0, 0, 4, 64)));
}

TEST(SyntheticCellsTest, NumberOfImagesChangesNoImage) {
  SyntheticSpec more;
  more.train_images = 1000;
  EXPECT_TRUE(at::equal(synthetic_image({}, 1, 0, 5, 64), synthetic_image(more, 1, 0, 5, 64)));
}

TEST(SyntheticCellsTest, CellsGrowWithTheImage) {
  for (const int domain : {0, 1}) EXPECT_NEAR(mean_of(domain, 64), mean_of(domain, 128), 2);
}

TEST(SyntheticCellsTest, CellsOfBAreBrighterAndSmaller) {
  double bright_a = 0, bright_b = 0, area_a = 0, area_b = 0;
  for (int64_t i = 0; i < 16; ++i) {
    const at::Tensor a = synthetic_image({}, 0, 0, i, 64).to(at::kFloat).amax(0);
    const at::Tensor b = synthetic_image({}, 1, 0, i, 64).to(at::kFloat).amax(0);
    area_a += a.gt(40).to(at::kFloat).mean().item<double>() / 16;
    area_b += b.gt(40).to(at::kFloat).mean().item<double>() / 16;
    bright_a += a.masked_select(a.gt(40)).mean().item<double>() / 16;
    bright_b += b.masked_select(b.gt(40)).mean().item<double>() / 16;
  }
  EXPECT_GT(bright_b, 1.2 * bright_a);
  EXPECT_LT(area_b, 0.7 * area_a);
}

}  // namespace
}  // namespace scgan
