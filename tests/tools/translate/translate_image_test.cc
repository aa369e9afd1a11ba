#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/model/resnet_generator.h"
#include "tests/tools/translate/negative.h"
#include "tools/translate/tile_spans.h"
#include "tools/translate/translate_image.h"

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
  const at::Tensor result = translate_image(generator, image, {});
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
  EXPECT_TRUE(at::equal(translate_image(generator, image, {}), -image));
  EXPECT_THAT(generator.seen.at(0).sizes().vec(), ElementsAre(1, 3, 8, 8));
  EXPECT_THAT(line(generator.seen.at(0)[0][0][5]), ElementsAre(0, 1, 2, 1, 0, 1, 2, 1));
}

TEST(TranslateImageTest, TheSmallestImagePassesThroughTheRealGenerator) {
  const auto generator = make_resnet_generator(2, 1);
  const at::Tensor image = at::zeros({3, 1, 1});
  EXPECT_THAT(translate_image(*generator, image, {}).sizes().vec(), ElementsAre(3, 1, 1));
}

TEST(TranslateImageTest, AGeneratorInDoublePrecisionTranslatesInIt) {
  const auto generator = make_resnet_generator(2, 1);
  initialize(*generator, 0, NetworkIndex::kGA);
  const at::Tensor image = ramp(9, 12) / 1000;
  const at::Tensor single = translate_image(*generator, image, {});
  generator->to_double();
  for (const int64_t side : {0, 8}) {
    EXPECT_EQ(translate_image(*generator, image, {side}).scalar_type(), at::kDouble);
  }
  const at::Tensor result = translate_image(*generator, image, {});
  EXPECT_FALSE(at::equal(result, single.to(at::kDouble)));
  EXPECT_TRUE(at::allclose(result, single.to(at::kDouble), 0, 1e-4));
}

TEST(TranslateImageTest, TilesCoverTheImageAndEndAtItsEdge) {
  Negative generator;
  const at::Tensor image = ramp(8, 20);
  EXPECT_TRUE(at::allclose(translate_image(generator, image, {8}), -image));
  ASSERT_EQ(generator.seen.size(), 3);
  const std::vector<float> first_columns{0, 4, 12};  // multiples of 4 near 0, 6 and 12
  for (size_t tile = 0; tile < 3; ++tile) {
    EXPECT_THAT(generator.seen[tile].sizes().vec(), ElementsAre(1, 3, 8, 8));
    EXPECT_EQ(generator.seen[tile][0][0][0][0].item<float>(), first_columns[tile]);
  }
}

// Shows each tile in its own way, as instance norm does: by the mean of what the tile holds.
class Mean final : public Generator {
 public:
  torch::nn::Module& module() override { return module_; }
  at::Tensor forward(const at::Tensor& images) override {
    return images.mean(at::IntArrayRef{1, 2, 3}, true).expand_as(images);
  }

 private:
  torch::nn::Module module_;
};

TEST(TranslateImageTest, TilesAreBlendedBySquaredSines) {
  Mean generator;
  const at::Tensor image = ramp(16, 24);
  const at::Tensor result = translate_image(generator, image, {16, 8});
  // Columns 0 to 15 and 8 to 23: means of 100 y + x with y from 0 to 15.
  const double left = 750 + 7.5, right = 750 + 15.5;
  for (int x = 0; x < 24; ++x) {
    const double angle = x < 8 ? 0 : x >= 16 ? 90 : (x - 8 + 0.5) / 8 * 90;
    const double share = std::pow(std::sin(angle / 180 * 3.14159265358979), 2);
    EXPECT_NEAR(result[2][5][x].item<float>(), left + share * (right - left), 1e-3) << x;
  }
}

TEST(TranslateImageTest, OverlapReplacesTheStepBetweenTilesByASlope) {
  Mean generator;
  const at::Tensor image = ramp(64, 64);
  const auto steepest = [&](int64_t overlap) {
    const at::Tensor result = translate_image(generator, image, {16, overlap});
    return (result.narrow(1, 1, 63) - result.narrow(1, 0, 63)).abs().max().item<double>();
  };
  EXPECT_NEAR(steepest(0), 1600, 1e-2);  // 16 rows of 100
  // The steepest slope of a squared sine over 8 rows is pi / 2 / 8 of its height of about 800.
  EXPECT_LT(steepest(8), 165);
}

TEST(TranslateImageTest, BlendedTilesHaveTheSameBitsEachTime) {
  const auto generator = make_resnet_generator(4, 1);
  initialize(*generator, 3, NetworkIndex::kGA);
  const at::Tensor image = ramp(50, 70) / 5000;
  const at::Tensor first = translate_image(*generator, image, {16, 8});
  EXPECT_TRUE(at::equal(first, translate_image(*generator, image, {16, 8})));
  EXPECT_THAT(first.sizes().vec(), ElementsAre(3, 50, 70));
}

TEST(TileSpansTest, WeightsAddUpToOneAtEveryPixel) {
  for (const int64_t tile : {8, 16, 64}) {
    for (int64_t overlap = 0; overlap <= tile / 2; overlap += 4) {
      for (int64_t length = tile; length < 6 * tile; length += 4) {
        std::vector<double> sums(static_cast<size_t>(length), 0);
        int64_t end = 0;
        for (const TileSpan& span : tile_spans(length, tile, overlap)) {
          EXPECT_EQ(span.start % 4, 0);
          EXPECT_GE(end - span.start, end > 0 ? overlap : 0);
          end = span.start + tile;
          ASSERT_EQ(span.weights.size(), tile);
          for (size_t i = 0; i < span.weights.size(); ++i) {
            EXPECT_GT(span.weights[i], 0);
            sums[static_cast<size_t>(span.start) + i] += span.weights[i];
          }
        }
        EXPECT_EQ(end, length);
        EXPECT_THAT(sums, testing::Each(testing::DoubleNear(1, 1e-12)));
      }
    }
  }
}

TEST(TranslateImageTest, ATileLargerThanTheImageIsFilledByReflection) {
  Negative generator;
  const at::Tensor image = ramp(5, 8);
  EXPECT_TRUE(at::equal(translate_image(generator, image, {8}), -image));
  ASSERT_EQ(generator.seen.size(), 1);
  EXPECT_THAT(line(generator.seen[0][0][0].select(1, 0)),
              ElementsAre(0, 100, 200, 300, 400, 300, 200, 100));
}

}  // namespace
}  // namespace scgan
