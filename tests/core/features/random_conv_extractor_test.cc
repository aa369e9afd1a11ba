#include "core/features/random_conv_extractor.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/eval/fid.h"

namespace scgan {
namespace {

at::Tensor images(int64_t count, int64_t size, int64_t step) {
  return at::arange(count * 3 * size * size, at::kLong)
      .mul_(step)
      .remainder_(256)
      .to(at::kByte)
      .view({count, 3, size, size});
}

TEST(RandomConvExtractorTest, FeaturesOfEverySizeAreFiniteFloats) {
  const RandomConvExtractor extractor;
  for (const int64_t size : {16, 17, 64, 100}) {
    const at::Tensor features = extractor.features(images(3, size, 7));
    EXPECT_EQ(features.sizes(), at::IntArrayRef({3, 448})) << size;
    EXPECT_EQ(features.scalar_type(), at::kFloat);
    EXPECT_TRUE(features.isfinite().all().item<bool>());
  }
}

// A change of the weights would change every stored distance under the same
// name.
TEST(RandomConvExtractorTest, WeightsNeverChange) {
  EXPECT_EQ(RandomConvExtractor().digest(),
            "ed9367b4c6d21bb201448cba1bbc4742621c84cfcbbce55117d74fb4f9f4f06f");
  EXPECT_EQ(RandomConvExtractor().name(), "random_conv");
}

TEST(RandomConvExtractorTest, TwoExtractorsReturnEqualBitsForAnyGlobalSeed) {
  const at::Tensor input = images(4, 64, 11);
  at::manual_seed(1);
  const at::Tensor first = RandomConvExtractor().features(input);
  at::manual_seed(2);
  at::rand({100});
  const RandomConvExtractor extractor;
  EXPECT_TRUE(at::equal(extractor.features(input), first));
  EXPECT_TRUE(at::equal(extractor.features(input), first));
}

TEST(RandomConvExtractorTest, MemoryLayoutDoesNotChangeTheBits) {
  const at::Tensor input = images(4, 64, 11);
  const at::Tensor strided = input.permute({0, 2, 3, 1}).contiguous().permute({0, 3, 1, 2});
  const RandomConvExtractor extractor;
  EXPECT_TRUE(at::equal(extractor.features(strided), extractor.features(input)));
}

TEST(RandomConvExtractorTest, FirstFeaturesAreMeanAndDeviationOfTheFirstLayer) {
  // All pixels are equal: a layer differs only at the border, whose share falls.
  const RandomConvExtractor extractor;
  const at::Tensor grey = extractor.features(at::full({1, 3, 64, 64}, 255, at::kByte));
  const at::Tensor larger = extractor.features(at::full({1, 3, 256, 256}, 255, at::kByte));
  EXPECT_TRUE((grey >= 0).all().item<bool>());  // after ReLU
  EXPECT_GT(grey.narrow(1, 0, 32).sum().item<float>(), 0);
  EXPECT_LT(larger.narrow(1, 32, 32).sum().item<float>(),
            grey.narrow(1, 32, 32).sum().item<float>());
}

TEST(RandomConvExtractorTest, BrighterImagesAreFartherAway) {
  const RandomConvExtractor extractor;
  const at::Tensor base = images(12, 32, 13).div(2, "floor");
  const at::Tensor features = extractor.features(base);
  const double near = frechet_distance(features, extractor.features(base + 10));
  const double far = frechet_distance(features, extractor.features(base + 80));
  EXPECT_GT(near, 0);
  EXPECT_GT(far, 4 * near);
}

TEST(RandomConvExtractorTest, RefusesTensorsThatAreNotColourImages) {
  const RandomConvExtractor extractor;
  EXPECT_THROW(extractor.features(at::zeros({3, 32, 32}, at::kByte)), Error);
  EXPECT_THROW(extractor.features(at::zeros({2, 1, 32, 32}, at::kByte)), Error);
  EXPECT_THROW(extractor.features(at::zeros({2, 3, 32, 32})), Error);
  EXPECT_THROW(extractor.features(at::zeros({0, 3, 32, 32}, at::kByte)), Error);
}

}  // namespace
}  // namespace scgan
