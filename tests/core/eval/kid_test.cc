#include "core/eval/kid.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "tests/core/eval/normal_features.h"

namespace scgan {
namespace {

TEST(KidTest, FourPointSetsHaveTheirHandValue) {
  const at::Tensor a = at::tensor({0., 0., 2., 0., 0., 2., 2., 2.}, at::kDouble).view({4, 2});
  const at::Tensor b = at::tensor({1., 1., 3., 1., 1., 5., 3., 5.}, at::kDouble).view({4, 2});
  // Kernel sums: 116 and 8456 without the diagonals, 1820 across.
  EXPECT_NEAR(kernel_distance(a, b, {}).full, 116.0 / 12 + 8456.0 / 12 - 2 * 1820.0 / 16, 1e-10);
  EXPECT_NEAR(kernel_distance(a, b, {}).full, 486.8333333333, 1e-9);
  // An image with itself: 1 + 27 + 27 + 125 of a, 8 + 216 + 2744 + 5832 of b.
  EXPECT_NEAR(kernel_distance(a, b, {}).full_biased, 869.5, 1e-10);
}

TEST(KidTest, AgreesWithNumPy) {
  for (const GoldenSets& sets : kGoldenSets) {
    const double value = kernel_distance(sets.a(), sets.b(), {.subsets = 1}).full;
    EXPECT_NEAR(value, sets.kid, 1e-9 * sets.kid) << sets.n << " and " << sets.m << " images";
  }
}

TEST(KidTest, HalvesOfOneSetAreNearAndMayBeNegative) {
  bool negative = false;
  for (uint32_t seed = 1; seed <= 8; ++seed) {
    const at::Tensor all = normal_features(400, 16, seed);
    const double value = kernel_distance(all.narrow(0, 0, 200), all.narrow(0, 200, 200), {}).full;
    EXPECT_NEAR(value, 0, 0.06);  // the kernel is 1.2 on average
    negative |= value < 0;
  }
  EXPECT_TRUE(negative);
}

TEST(KidTest, SubsetsOfAllImagesAreTheFullEstimate) {
  const at::Tensor a = normal_features(40, 16, 1);
  const at::Tensor b = normal_features(40, 16, 2, 1.5);
  const KidResult result = kernel_distance(a, b, {.subsets = 5});
  EXPECT_EQ(result.subset_size, 40);
  EXPECT_EQ(result.subset_mean, result.full);
  EXPECT_EQ(result.subset_std, std::nullopt);  // it would be 0: all subsets are the set
}

TEST(KidTest, SubsetMeanEstimatesTheFullValue) {
  const at::Tensor a = normal_features(60, 16, 1);
  const at::Tensor b = normal_features(90, 16, 2, 1.5);
  const KidResult result = kernel_distance(a, b, {.subsets = 400});
  EXPECT_EQ(result.subset_size, 60);
  ASSERT_TRUE(result.subset_std.has_value());
  EXPECT_GT(*result.subset_std, 0);
  // 400 draws of 60 of 90 images: six standard errors of the mean over the
  // draws.
  EXPECT_NEAR(result.subset_mean, result.full, 6 * *result.subset_std / 20);
}

TEST(KidTest, SubsetSizeIsCappedByOptionAndSets) {
  const at::Tensor a = normal_features(30, 4, 1);
  const at::Tensor b = normal_features(20, 4, 2);
  EXPECT_EQ(kernel_distance(a, b, {.subset_size = 7}).subset_size, 7);
  EXPECT_EQ(kernel_distance(a, b, {.subset_size = 25}).subset_size, 20);
  EXPECT_EQ(kernel_distance(b, a, {.subset_size = 25}).subset_size, 20);
}

TEST(KidTest, SubsetsFollowTheSeedAlone) {
  const at::Tensor a = normal_features(50, 8, 1);
  const at::Tensor b = normal_features(50, 8, 2);
  const KidOptions options{.subsets = 20, .subset_size = 10, .seed = 5};
  const KidResult first = kernel_distance(a, b, options);
  at::manual_seed(77);
  const KidResult again = kernel_distance(a, b, options);
  const KidResult other = kernel_distance(a, b, {.subsets = 20, .subset_size = 10, .seed = 6});
  EXPECT_EQ(again.subset_mean, first.subset_mean);
  EXPECT_EQ(again.subset_std, first.subset_std);
  EXPECT_NE(other.subset_mean, first.subset_mean);
  EXPECT_EQ(other.full, first.full);
}

// If both were drawn alike, every subset of two equal sets would have the same
// distance: sum of its own diagonal.
TEST(KidTest, SubsetsOfTheTwoSetsAreDrawnIndependently) {
  const at::Tensor a = normal_features(50, 8, 1);
  const KidResult result = kernel_distance(a, a, {.subsets = 200, .subset_size = 10});
  EXPECT_NEAR(result.subset_mean, result.full, 6 * result.subset_std.value() / 14);
}

TEST(KidTest, LargeSetsAreComputedInBlocksWithTheSameResult) {
  const at::Tensor few = normal_features(5, 4, 1);
  const at::Tensor many = normal_features(5000, 4, 2, 1.5);
  const KidResult blocks = kernel_distance(few, many, {.subsets = 3, .subset_size = 5});
  const at::Tensor aa = (few.mm(few.t()) / 4 + 1).pow(3);
  const at::Tensor bb = (many.mm(many.t()) / 4 + 1).pow(3);
  const at::Tensor ab = (few.mm(many.t()) / 4 + 1).pow(3);
  const double direct =
      ((aa.sum() - aa.trace()) / 20 + (bb.sum() - bb.trace()) / (5000. * 4999.) - 2 * ab.mean())
          .item<double>();
  EXPECT_NEAR(blocks.full, direct, 1e-9 * direct);
  const double biased = (aa.mean() + bb.mean() - 2 * ab.mean()).item<double>();
  EXPECT_NEAR(blocks.full_biased, biased, 1e-9 * biased);
  EXPECT_EQ(blocks.subset_size, 5);
  EXPECT_TRUE(std::isfinite(blocks.subset_mean));
}

TEST(KidTest, OneSubsetHasNoStandardDeviation) {
  const auto [a, b] = std::pair(at::rand({30, 4}, at::kDouble), at::rand({30, 4}, at::kDouble));
  EXPECT_EQ(kernel_distance(a, b, {.subsets = 1, .subset_size = 10}).subset_std, std::nullopt);
}

TEST(KidTest, RefusesOneImageOtherLengthsAndNonFiniteFeatures) {
  const at::Tensor a = normal_features(4, 3, 1);
  at::Tensor nan = a.clone();
  nan[1][2] = std::numeric_limits<double>::quiet_NaN();
  for (const at::Tensor& bad : {a.narrow(0, 0, 1), a.narrow(1, 0, 2), a[0], nan, a * 1e200}) {
    EXPECT_THROW(kernel_distance(a, bad, {}), Error);
    EXPECT_THROW(kernel_distance(bad, a, {}), Error);
  }
  EXPECT_THROW(kernel_distance(a, a, {.subsets = 0}), Error);
  EXPECT_THROW(kernel_distance(a, a, {.subset_size = 1}), Error);
}

}  // namespace
}  // namespace scgan
