#include "core/model/diff_augment.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <set>

#include "core/base/counter_rng.h"
#include "core/base/error.h"
#include "core/model/diff_augment_ops.h"

namespace scgan {
namespace {

const std::vector<std::string> kAll = {"color", "translation", "cutout"};

at::Tensor augmented(const at::Tensor& images, const std::vector<std::string>& policy, int64_t seed,
                     AugmentSite site, int64_t step) {
  const int64_t samples = images.size(0);
  const at::Tensor colors = at::empty({AugmentDraws::kColors * samples}, at::kDouble);
  const at::Tensor places = at::empty({AugmentDraws::kPlaces * samples}, at::kLong);
  AugmentDraws::draw(seed, step, samples, images.size(2), images.size(3),
                     colors.mutable_data_ptr<double>(), places.mutable_data_ptr<int64_t>());
  return diff_augment(images, policy, {colors.to(images.scalar_type()), places}, site);
}

at::Tensor make_images(int64_t count, int64_t size) {
  return at::sin(0.013 * at::arange(count * 3 * size * size)).view({count, 3, size, size});
}

TEST(DiffAugmentTest, NeutralColourDrawsAreTheIdentity) {
  const auto images = make_images(2, 8);
  const auto one = at::ones({2});
  EXPECT_TRUE(at::equal(shift_brightness(images, 0 * one), images));
  EXPECT_TRUE(at::allclose(scale_saturation(images, one), images, 0, 1e-6));
  EXPECT_TRUE(at::allclose(scale_contrast(images, one), images, 0, 1e-6));
}

TEST(DiffAugmentTest, ColourFormulasMatchHandNumbers) {
  // A pixel with channels 0, 3, 6 and one with 1, 1, 1: pixel means 3 and 1, image mean 2.
  const auto images = at::tensor({0.0F, 1.0F, 3.0F, 1.0F, 6.0F, 1.0F}).view({1, 3, 1, 2});
  const auto half = at::full({1}, 0.5);
  EXPECT_TRUE(at::equal(shift_brightness(images, half), images + 0.5));
  EXPECT_TRUE(at::equal(scale_saturation(images, half).flatten(),
                        at::tensor({1.5F, 1.0F, 3.0F, 1.0F, 4.5F, 1.0F})));
  EXPECT_TRUE(at::equal(scale_contrast(images, half).flatten(),
                        at::tensor({1.0F, 1.5F, 2.5F, 1.5F, 4.0F, 1.5F})));
}

TEST(DiffAugmentTest, TranslationReadsAtTheOffsetAndFillsWithZero) {
  const auto images = at::arange(1.0, 19.0).view({2, 1, 3, 3});
  const auto moved =
      translate(images, {at::tensor({1, -3}, at::kLong), at::tensor({-1, 0}, at::kLong)});
  EXPECT_TRUE(
      at::equal(moved[0][0],
                at::tensor({0.0F, 4.0F, 5.0F, 0.0F, 7.0F, 8.0F, 0.0F, 0.0F, 0.0F}).view({3, 3})));
  EXPECT_EQ(moved[1].abs().max().item<float>(), 0);
}

TEST(DiffAugmentTest, CutoutZeroesTheClippedSquareInAllChannels) {
  const auto images = at::ones({2, 3, 4, 4});
  const auto cut =
      cut_out(images, {at::tensor({2, 4}, at::kLong), at::tensor({1, 0}, at::kLong)}, {2, 2});
  EXPECT_TRUE(at::equal(cut[0][1], at::tensor({1.0F, 1.0F, 1.0F, 1.0F, 0.0F, 0.0F, 1.0F, 1.0F, 0.0F,
                                               0.0F, 1.0F, 1.0F, 1.0F, 1.0F, 1.0F, 1.0F})
                                       .view({4, 4})));
  EXPECT_TRUE(at::equal(cut[1][2], at::tensor({1.0F, 1.0F, 1.0F, 1.0F, 1.0F, 1.0F, 1.0F, 1.0F, 1.0F,
                                               1.0F, 1.0F, 1.0F, 0.0F, 1.0F, 1.0F, 1.0F})
                                       .view({4, 4})));
}

TEST(DiffAugmentTest, TranslationsReachAnEighthOfTheSizeAtMost) {
  std::set<int64_t> tops;
  const auto images = at::ones({64, 3, 16, 16});
  for (int64_t step = 0; step < 4; ++step) {
    const auto moved = augmented(images, {"translation"}, 1, AugmentSite::kRealA, step);
    const auto rows = moved.select(1, 0).amax(2);  // [N, H]: 0 where a row was filled
    for (int64_t i = 0; i < rows.size(0); ++i) {
      const auto kept = rows[i].nonzero();
      const int64_t top = kept.min().item<int64_t>();
      const int64_t bottom = 15 - kept.max().item<int64_t>();
      EXPECT_EQ(top * bottom, 0);
      tops.insert(top - bottom);
    }
  }
  EXPECT_EQ(tops, (std::set<int64_t>{-2, -1, 0, 1, 2}));
}

TEST(DiffAugmentTest, CutoutsRemoveBetweenAQuarterAndASixteenthOfTheImage) {
  const auto images = at::ones({256, 3, 16, 16});
  const auto cut = augmented(images, {"cutout"}, 1, AugmentSite::kRealA, 0);
  const auto removed = (images - cut).select(1, 0).sum({1, 2});
  EXPECT_EQ(removed.max().item<float>(), 64);
  EXPECT_GE(removed.min().item<float>(), 16);
  EXPECT_LT(removed.min().item<float>(), 36);
}

TEST(DiffAugmentTest, ColourStaysWithinTheRangeOfItsDraws) {
  const auto grey = at::zeros({128, 3, 2, 2});
  const auto bright = augmented(grey, {"color"}, 1, AugmentSite::kRealA, 0);
  EXPECT_LT(bright.abs().max().item<float>(), 0.5001);
  EXPECT_GT(bright.max().item<float>(), 0.4);
  EXPECT_LT(bright.min().item<float>(), -0.4);
}

TEST(DiffAugmentTest, AnEmptyPolicyReturnsTheImages) {
  const auto images = make_images(2, 8);
  EXPECT_TRUE(augmented(images, {}, 1, AugmentSite::kRealA, 0).is_same(images));
}

TEST(DiffAugmentTest, AnUnknownOperationIsRejected) {
  EXPECT_THROW(augmented(make_images(1, 8), {"colour"}, 1, AugmentSite::kRealA, 0), Error);
}

TEST(DiffAugmentTest, DrawsDependOnlyOnSeedSiteStepAndSample) {
  const auto images = make_images(4, 16);
  const auto base = augmented(images, kAll, 3, AugmentSite::kFakeB, 9);
  EXPECT_TRUE(at::equal(augmented(images, kAll, 3, AugmentSite::kFakeB, 9), base));
  EXPECT_TRUE(at::equal(augmented(images.slice(0, 0, 2), kAll, 3, AugmentSite::kFakeB, 9),
                        base.slice(0, 0, 2)));
  EXPECT_FALSE(at::equal(augmented(images, kAll, 4, AugmentSite::kFakeB, 9), base));
  EXPECT_FALSE(at::equal(augmented(images, kAll, 3, AugmentSite::kFakeA, 9), base));
  EXPECT_FALSE(at::equal(augmented(images, kAll, 3, AugmentSite::kFakeB, 10), base));
  const auto same =
      augmented(images.slice(0, 0, 1).expand({4, -1, -1, -1}), kAll, 3, AugmentSite::kFakeB, 9);
  EXPECT_FALSE(at::equal(same[0], same[1]));
}

TEST(DiffAugmentTest, TheOrderOfThePolicyDoesNotChangeTheDraws) {
  const auto images = make_images(4, 16);
  const auto there = augmented(images, {"translation", "cutout"}, 3, AugmentSite::kRealB, 2);
  const auto moved = augmented(images, {"translation"}, 3, AugmentSite::kRealB, 2);
  EXPECT_TRUE(at::equal(augmented(moved, {"cutout"}, 3, AugmentSite::kRealB, 2), there));
}

// Every operation is affine in the images, so a difference quotient is exact in float64.
TEST(DiffAugmentTest, GradientsFlowThroughEveryOperation) {
  const auto images = make_images(2, 8).to(at::kDouble).requires_grad_();
  const auto weights = at::cos(at::arange(2 * 3 * 8 * 8, at::kDouble)).view({2, 3, 8, 8});
  const auto loss = [&](const at::Tensor& x) {
    return (augmented(x, kAll, 3, AugmentSite::kGStepA, 0) * weights).sum();
  };
  loss(images).backward();
  const auto direction = at::sin(at::arange(2 * 3 * 8 * 8, at::kDouble)).view({2, 3, 8, 8});
  const at::NoGradGuard no_grad;
  const double difference = (loss(images + direction) - loss(images)).item<double>();
  EXPECT_NE(difference, 0);
  EXPECT_NEAR((images.grad() * direction).sum().item<double>(), difference, 1e-10);
}

}  // namespace
}  // namespace scgan
