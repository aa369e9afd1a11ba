#include "core/eval/fid.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>

#include "core/base/error.h"
#include "tests/core/eval/normal_features.h"

namespace scgan {
namespace {

using Distance = double (*)(const at::Tensor&, const at::Tensor&);

// Both paths to the distance, for what must hold whichever is taken.
class FidTest : public testing::TestWithParam<Distance> {};

INSTANTIATE_TEST_SUITE_P(Paths, FidTest,
                         testing::Values(&frechet_distance, &frechet_distance_by_eigenvalues));

TEST_P(FidTest, FourPointSetsHaveTheirClosedForm) {
  const at::Tensor a = at::tensor({0., 0., 2., 0., 0., 2., 2., 2.}, at::kDouble).view({4, 2});
  const at::Tensor b = at::tensor({1., 1., 3., 1., 1., 5., 3., 5.}, at::kDouble).view({4, 2});
  // Means (1, 1) and (2, 3), covariances diag(4/3, 4/3) and diag(4/3, 16/3).
  EXPECT_NEAR(GetParam()(a, b), 19.0 / 3.0, 1e-12);
}

TEST_P(FidTest, AgreesWithSciPy) {
  for (const GoldenSets& sets : kGoldenSets) {
    EXPECT_NEAR(GetParam()(sets.a(), sets.b()), sets.fid, 1e-6 * sets.fid)
        << sets.n << " and " << sets.m << " images, " << sets.d << " features";
  }
}

TEST_P(FidTest, EqualSetsHaveNoDistance) {
  for (const auto& [n, d] : {std::pair{20, 64}, std::pair{64, 64}, std::pair{300, 16}}) {
    const at::Tensor a = normal_features(n, d, 3);
    const double size = a.var(0).sum().item<double>();  // of the terms that cancel
    EXPECT_NEAR(GetParam()(a, a.clone()), 0, 1e-6 * size) << n << " images";
  }
}

TEST_P(FidTest, ShiftedSetsAreAsFarApartAsTheirMeans) {
  const at::Tensor a = normal_features(30, 8, 4);
  EXPECT_NEAR(GetParam()(a, a + 2), 4 * 8, 1e-9);
}

TEST_P(FidTest, ConstantFeaturesGiveNoNan) {
  EXPECT_EQ(GetParam()(at::zeros({5, 8}), at::ones({6, 8})), 8);
  EXPECT_EQ(GetParam()(at::zeros({20, 8}), at::zeros({30, 8})), 0);
}

TEST_P(FidTest, IsSymmetric) {
  const at::Tensor a = normal_features(20, 16, 1);
  const at::Tensor b = normal_features(12, 16, 2, 3);
  EXPECT_NEAR(GetParam()(a, b), GetParam()(b, a), 1e-9);
}

TEST_P(FidTest, TakesFloatFeaturesAndComputesInDouble) {
  const at::Tensor a = normal_features(20, 16, 1).to(at::kFloat) + 1000;
  const at::Tensor b = normal_features(25, 16, 2).to(at::kFloat) + 1000;
  EXPECT_EQ(GetParam()(a, b), GetParam()(a.to(at::kDouble), b.to(at::kDouble)));
}

TEST_P(FidTest, RefusesOneImageOtherLengthsAndNonFiniteFeatures) {
  const at::Tensor a = normal_features(4, 3, 1);
  at::Tensor nan = a.clone();
  nan[1][2] = std::numeric_limits<double>::quiet_NaN();
  at::Tensor infinite = a.clone();
  infinite[0][0] = std::numeric_limits<double>::infinity();
  for (const at::Tensor& bad :
       {a.narrow(0, 0, 1), a.narrow(1, 0, 2), a[0], nan, infinite, a * 1e200}) {
    EXPECT_THROW(GetParam()(a, bad), Error);
    EXPECT_THROW(GetParam()(bad, a), Error);
  }
}

// Fewer images than features, as with 120 images and 2048 features.
TEST(FidFormsTest, SingularValuesAndEigenvaluesAgreeOnRankDeficientSets) {
  const at::Tensor mix = normal_features(64, 64, 9);  // correlated features, as networks have
  const at::Tensor a = normal_features(20, 64, 5).mm(mix).relu();
  const at::Tensor b = normal_features(25, 64, 6, 1.2, 0.1).mm(mix).relu();
  const double distance = frechet_distance(a, b);
  EXPECT_NEAR(frechet_distance_by_eigenvalues(a, b), distance, 1e-9 * distance);
}

// The regression value of pytorch-fid's tests.
TEST(FidMomentsTest, MeansZeroAndOneWithUnitCovariancesAreAsFarApartAsThereAreFeatures) {
  const int64_t d = 512;
  const at::Tensor unit = at::eye(d, at::kDouble);
  EXPECT_NEAR(frechet_distance_of_moments(at::zeros({d}, at::kDouble), unit,
                                          at::ones({d}, at::kDouble), unit),
              d, 1e-9);
}

TEST(FidMomentsTest, DiagonalCovariancesCompareTheirRoots) {
  const at::Tensor mean_a = at::tensor({1., 2., 3.}, at::kDouble);
  const at::Tensor mean_b = at::tensor({1., 0., 6.}, at::kDouble);
  const at::Tensor a = at::diag(at::tensor({4., 9., 0.}, at::kDouble));
  const at::Tensor b = at::diag(at::tensor({1., 16., 25.}, at::kDouble));
  // 0 + 4 + 9 of the means, (2 - 1)^2 + (3 - 4)^2 + (0 - 5)^2 of the roots.
  EXPECT_NEAR(frechet_distance_of_moments(mean_a, a, mean_b, b), 13 + 27, 1e-12);
}

TEST(FidMomentsTest, RefusesOtherShapesAndTypes) {
  const at::Tensor mean = at::zeros({3}, at::kDouble);
  const at::Tensor unit = at::eye(3, at::kDouble);
  EXPECT_THROW(frechet_distance_of_moments(mean, unit, mean, at::eye(2, at::kDouble)), Error);
  EXPECT_THROW(frechet_distance_of_moments(mean, unit, at::zeros({2}, at::kDouble), unit), Error);
  EXPECT_THROW(frechet_distance_of_moments(mean, unit, mean, unit.to(at::kFloat)), Error);
  EXPECT_THROW(frechet_distance_of_moments(mean, unit, mean, unit / 0), Error);
}

// The other regression value of pytorch-fid: three constant images through a
// mean over the pixels.
TEST(FidMomentsTest, ThreeConstantImagesHaveVarianceOneQuarter) {
  const at::Tensor features = at::tensor({0., 0.5, 1.}, at::kDouble).view({3, 1}).repeat({1, 3});
  const at::Tensor mean = at::full({3}, 0.5, at::kDouble);
  const at::Tensor quarter = at::full({3, 3}, 0.25, at::kDouble);
  const at::Tensor other = normal_features(10, 3, 1);
  const at::Tensor centred = other - other.mean(0);
  EXPECT_NEAR(
      frechet_distance(features, other),
      frechet_distance_of_moments(mean, quarter, other.mean(0), centred.t().mm(centred) / 9),
      1e-12);
}

}  // namespace
}  // namespace scgan
