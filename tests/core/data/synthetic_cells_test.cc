#include "core/data/synthetic_cells.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

namespace scgan {
namespace {

using testing::ElementsAre;

double mean_of(Split split, int64_t size) {
  double sum = 0;
  for (int64_t i = 0; i < 8; ++i) {
    sum += synthetic_image({}, split, i, size).to(at::kFloat).mean().item<double>() / 8;
  }
  return sum;
}

// What was drawn in 400 images: the cells per image, and the means over all cells.
struct Population {
  double cells = 0, radius = 0, elongation = 0, intensity = 0, texture = 0;
};

Population population(const SyntheticSpec& spec, Split split) {
  constexpr int64_t kImages = 400;
  Population all;
  double cells = 0;
  for (int64_t i = 0; i < kImages; ++i) {
    const CellTruth truth = synthetic_truth(spec, split, i);
    const auto weight = static_cast<double>(truth.cells);
    cells += weight;
    all.radius += weight * truth.radius;
    all.elongation += weight * truth.elongation;
    all.intensity += weight * truth.intensity;
    all.texture += weight * truth.texture;
  }
  return {cells / kImages, all.radius / cells, all.elongation / cells, all.intensity / cells,
          all.texture / cells};
}

// 2400 cells: the standard errors of the ratios are 0.02 (number) and 0.006 (the others) at most.
void expect_ratios(const SyntheticSpec& spec, const Population& ratios) {
  const Population a = population(spec, Split::kTrainA);
  const Population b = population(spec, Split::kTrainB);
  EXPECT_NEAR(b.cells / a.cells, ratios.cells, 0.08);
  EXPECT_NEAR(b.radius / a.radius, ratios.radius, 0.025);
  EXPECT_NEAR(b.elongation / a.elongation, ratios.elongation, 0.025);
  EXPECT_NEAR(b.intensity / a.intensity, ratios.intensity, 0.025 * ratios.intensity);
  EXPECT_NEAR(b.texture / a.texture, ratios.texture, 1e-9);
}

TEST(SyntheticCellsTest, SameArgumentsDrawTheSameImage) {
  const at::Tensor image = synthetic_image({}, Split::kTrainA, 3, 64);
  EXPECT_EQ(image.sizes(), (std::vector<int64_t>{3, 64, 64}));
  EXPECT_EQ(image.scalar_type(), at::kByte);
  EXPECT_TRUE(at::equal(image, synthetic_image({}, Split::kTrainA, 3, 64)));
}

TEST(SyntheticCellsTest, EveryArgumentCounts) {
  const at::Tensor image = synthetic_image({}, Split::kTrainA, 3, 64);
  SyntheticSpec other_seed;
  other_seed.seed = 2;
  EXPECT_FALSE(at::equal(image, synthetic_image(other_seed, Split::kTrainA, 3, 64)));
  EXPECT_FALSE(at::equal(image, synthetic_image({}, Split::kTrainB, 3, 64)));
  EXPECT_FALSE(at::equal(image, synthetic_image({}, Split::kTestA, 3, 64)));
  EXPECT_FALSE(at::equal(image, synthetic_image({}, Split::kTrainA, 4, 64)));
}

TEST(SyntheticCellsTest, NumberOfImagesChangesNoImage) {
  SyntheticSpec more;
  more.train_images = 1000;
  EXPECT_TRUE(at::equal(synthetic_image({}, Split::kTrainB, 5, 64),
                        synthetic_image(more, Split::kTrainB, 5, 64)));
}

TEST(SyntheticCellsTest, CellsGrowWithTheImage) {
  for (const Split split : {Split::kTrainA, Split::kTrainB}) {
    EXPECT_NEAR(mean_of(split, 64), mean_of(split, 128), 2);
  }
}

TEST(SyntheticCellsTest, CellsOfBAreBrighterAndSmaller) {
  double bright_a = 0, bright_b = 0, area_a = 0, area_b = 0;
  for (int64_t i = 0; i < 16; ++i) {
    const at::Tensor a = synthetic_image({}, Split::kTrainA, i, 64).to(at::kFloat).amax(0);
    const at::Tensor b = synthetic_image({}, Split::kTrainB, i, 64).to(at::kFloat).amax(0);
    area_a += a.gt(40).to(at::kFloat).mean().item<double>() / 16;
    area_b += b.gt(40).to(at::kFloat).mean().item<double>() / 16;
    bright_a += a.masked_select(a.gt(40)).mean().item<double>() / 16;
    bright_b += b.masked_select(b.gt(40)).mean().item<double>() / 16;
  }
  EXPECT_GT(bright_b, 1.2 * bright_a);
  EXPECT_LT(area_b, 0.7 * area_a);
}

TEST(SyntheticCellsTest, TruthOfBDiffersFromAByTheStatedRatios) {
  expect_ratios({}, {1, 0.63, 0.52, 2.3, 0.5});
}

TEST(SyntheticCellsTest, EffectIsThePowerOfEveryRatio) {
  SyntheticSpec spec;
  spec.change_number = 1.5;
  spec.effect = 0.5;
  expect_ratios(spec,
                {std::sqrt(1.5), std::sqrt(0.63), std::sqrt(0.52), std::sqrt(2.3), std::sqrt(0.5)});
}

TEST(SyntheticCellsTest, WithoutEffectBIsThePopulationOfA) {
  SyntheticSpec spec;
  spec.effect = 0;
  expect_ratios(spec, {1, 1, 1, 1, 1});
  const at::Tensor a = synthetic_image(spec, Split::kTrainA, 0, 64);
  EXPECT_FALSE(
      at::equal(a, synthetic_image(spec, Split::kTrainB, 0, 64)));  // but other cells of it
}

TEST(SyntheticCellsTest, ChangeMovesNoImageOfA) {
  SyntheticSpec spec;
  spec.change_number = spec.change_size = spec.change_texture = 3;
  spec.effect = 0.3;
  EXPECT_TRUE(at::equal(synthetic_image(spec, Split::kTestA, 2, 64),
                        synthetic_image({}, Split::kTestA, 2, 64)));
}

TEST(SyntheticCellsTest, NoiseIsAFactor) {
  const auto drawn = [](double noise) {
    SyntheticSpec spec;
    spec.noise = noise;
    return synthetic_image(spec, Split::kTrainA, 0, 64).to(at::kFloat);
  };
  const at::Tensor clean = drawn(0);
  const at::Tensor bright = clean.gt(60).logical_and(clean.lt(150));  // where nothing is clipped
  const auto deviation = [&](double noise) {
    return (drawn(noise) - clean).masked_select(bright).pow(2).mean().sqrt().item<double>();
  };
  EXPECT_GT(deviation(1), 3);
  EXPECT_NEAR(deviation(3) / deviation(1), 3, 0.15);
}

TEST(SyntheticCellsTest, ExtremesOfTheSpecCanBeDrawn) {
  for (const double change : {0.1, 10.0}) {
    SyntheticSpec spec;
    spec.change_number = spec.change_size = spec.change_elongation = change;
    spec.change_intensity = spec.change_texture = change;
    spec.effect = 2;
    spec.noise = 20;
    const CellTruth truth = synthetic_truth(spec, Split::kTrainB, 0);
    EXPECT_GE(truth.cells, 1);
    EXPECT_GE(truth.elongation, 1);
    EXPECT_GT(truth.radius, 0);
    EXPECT_EQ(synthetic_image(spec, Split::kTrainB, 0, 64).size(2), 64);
  }
}

TEST(SyntheticCellsTest, TrainingImagesAreDrawnAtTheLoadSize) {
  DatasetSpec spec;
  spec.image_size = 64;
  spec.tiles = 2;  // of test images only
  spec.synthetic.train_images = 3;
  const ImageSet set = synthetic_set(spec, Split::kTrainB);
  EXPECT_THAT(set.names, ElementsAre("b-00000", "b-00001", "b-00002"));
  EXPECT_EQ(set.images.sizes(), (std::vector<int64_t>{3, 3, 72, 72}));  // 64 * 286 / 256
  EXPECT_TRUE(at::equal(set.images[2], synthetic_image(spec.synthetic, Split::kTrainB, 2, 72)));
}

TEST(SyntheticCellsTest, TestImagesAreCutInTiles) {
  DatasetSpec spec;
  spec.image_size = 64;
  spec.tiles = 2;
  spec.synthetic.test_images = 2;
  const ImageSet set = synthetic_set(spec, Split::kTestA);
  EXPECT_THAT(set.names, ElementsAre("a-00000-0-0", "a-00000-0-1", "a-00000-1-0", "a-00000-1-1",
                                     "a-00001-0-0", "a-00001-0-1", "a-00001-1-0", "a-00001-1-1"));
  const at::Tensor field = synthetic_image(spec.synthetic, Split::kTestA, 1, 128);
  EXPECT_TRUE(at::equal(set.images[4], field.narrow(1, 0, 64).narrow(2, 0, 64)));
  EXPECT_TRUE(at::equal(set.images[5], field.narrow(1, 0, 64).narrow(2, 64, 64)));
  EXPECT_TRUE(at::equal(set.images[6], field.narrow(1, 64, 64).narrow(2, 0, 64)));
}

TEST(SyntheticCellsTest, TrainingImagesCanServeAsTestImages) {
  DatasetSpec spec;
  spec.image_size = 64;
  spec.crop = false;  // training images are drawn at 64 px, as test images are
  spec.synthetic = {3, 5, 1};
  spec.test_split = TestSplit::kTrain;
  const ImageSet test = synthetic_set(spec, Split::kTestA);
  EXPECT_TRUE(at::equal(test.images, synthetic_set(spec, Split::kTrainA).images));
}

TEST(SyntheticCellsTest, DigestDependsOnEveryParameter) {
  std::set<std::string> digests{synthetic_digest({})};
  EXPECT_EQ(digests.begin()->size(), 64U);
  using Field = double SyntheticSpec::*;
  for (const Field field :
       {&SyntheticSpec::change_number, &SyntheticSpec::change_size,
        &SyntheticSpec::change_elongation, &SyntheticSpec::change_intensity,
        &SyntheticSpec::change_texture, &SyntheticSpec::effect, &SyntheticSpec::noise}) {
    DatasetSpec spec;
    spec.synthetic.*field = 0.77;
    digests.insert(synthetic_digest(spec));
  }
  using Count = int64_t SyntheticSpec::*;
  for (const Count count :
       {&SyntheticSpec::train_images, &SyntheticSpec::test_images, &SyntheticSpec::seed}) {
    DatasetSpec spec;
    spec.synthetic.*count = 77;
    digests.insert(synthetic_digest(spec));
  }
  DatasetSpec spec;
  spec.image_size = 64;
  digests.insert(synthetic_digest(spec));
  EXPECT_EQ(digests.size(), 12U);
}

}  // namespace
}  // namespace scgan
