#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "core/model/resnet_generator.h"
#include "tests/tools/translate/negative.h"
#include "tools/translate/translate.h"

namespace scgan {
namespace {

using testing::ElementsAre;

// A different value for every pixel: 100 y + x.
at::Tensor ramp(int64_t height, int64_t width) {
  const at::Tensor y = at::arange(height, at::kFloat).view({-1, 1});
  const at::Tensor x = at::arange(width, at::kFloat).view({1, -1});
  return (y * 100 + x).expand({3, height, width}).contiguous();
}

std::vector<float> line(const at::Tensor& values) {
  const at::Tensor whole = values.contiguous();
  return {whole.const_data_ptr<float>(), whole.const_data_ptr<float>() + whole.numel()};
}

TEST(TranslateImageTest, ImagesArePaddedByReflectionToMultiplesOfFourAndCropped) {
  Negative generator;
  const at::Tensor image = ramp(9, 10);
  const at::Tensor result = translate_image(generator, image, 0);
  EXPECT_TRUE(at::equal(result, -image));
  const at::Tensor seen = generator.seen.at(0);
  EXPECT_THAT(seen.sizes().vec(), ElementsAre(1, 3, 12, 12));
  EXPECT_THAT(line(seen[0][0][0]), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 8, 7));
  EXPECT_THAT(line(seen[0][1].select(1, 0)),
              ElementsAre(0, 100, 200, 300, 400, 500, 600, 700, 800, 700, 600, 500));
}

TEST(TranslateImageTest, AnImageOfThreePixelsIsReflectedSeveralTimes) {
  Negative generator;
  const at::Tensor image = ramp(1, 3);
  EXPECT_TRUE(at::equal(translate_image(generator, image, 0), -image));
  EXPECT_THAT(generator.seen.at(0).sizes().vec(), ElementsAre(1, 3, 8, 8));
  EXPECT_THAT(line(generator.seen.at(0)[0][0][5]), ElementsAre(0, 1, 2, 1, 0, 1, 2, 1));
}

TEST(TranslateImageTest, TheSmallestImagePassesThroughTheRealGenerator) {
  const auto generator = make_resnet_generator(2, 1);
  const at::Tensor image = at::zeros({3, 1, 1});
  EXPECT_THAT(translate_image(*generator, image, 0).sizes().vec(), ElementsAre(3, 1, 1));
}

TEST(TranslateImageTest, AGeneratorInDoublePrecisionTranslatesInIt) {
  const auto generator = make_resnet_generator(2, 1);
  const at::Tensor image = ramp(9, 12) / 1000;
  const at::Tensor single = translate_image(*generator, image, 0);
  generator->to_double();
  for (const int64_t tile_size : {0, 8}) {
    EXPECT_EQ(translate_image(*generator, image, tile_size).scalar_type(), at::kDouble);
  }
  const at::Tensor result = translate_image(*generator, image, 0);
  EXPECT_FALSE(at::equal(result, single.to(at::kDouble)));
  EXPECT_TRUE(at::allclose(result, single.to(at::kDouble), 0, 1e-4));
}

TEST(TranslateImageTest, TilesCoverTheImageAndEndAtItsEdge) {
  Negative generator;
  const at::Tensor image = ramp(8, 20);
  EXPECT_TRUE(at::equal(translate_image(generator, image, 8), -image));
  ASSERT_EQ(generator.seen.size(), 3);
  const std::vector<float> first_columns{0, 8, 12};
  for (size_t tile = 0; tile < 3; ++tile) {
    EXPECT_THAT(generator.seen[tile].sizes().vec(), ElementsAre(1, 3, 8, 8));
    EXPECT_EQ(generator.seen[tile][0][0][0][0].item<float>(), first_columns[tile]);
  }
}

TEST(TranslateImageTest, ATileLargerThanTheImageIsFilledByReflection) {
  Negative generator;
  const at::Tensor image = ramp(5, 8);
  EXPECT_TRUE(at::equal(translate_image(generator, image, 8), -image));
  ASSERT_EQ(generator.seen.size(), 1);
  EXPECT_THAT(line(generator.seen[0][0][0].select(1, 0)),
              ElementsAre(0, 100, 200, 300, 400, 300, 200, 100));
}

}  // namespace
}  // namespace scgan
