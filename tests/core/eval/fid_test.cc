#include "core/eval/fid.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/diag.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "tests/core/eval/normal_features.h"

namespace scgan {
namespace {

using Distance = double (*)(const at::Tensor&, const at::Tensor&);

// All ways to compute the distance, for properties that each must have.
class FidTest : public ::testing::TestWithParam<Distance> {};

INSTANTIATE_TEST_SUITE_P(Paths, FidTest,
                         ::testing::Values(&frechet_distance, &frechet_distance_by_singular_values,
                                           &frechet_distance_by_eigenvalues));

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

// Sizes as in torch-fidelity's test, which asks for 5 decimals.
TEST(FidFormsTest, AgreesWithSciPyToFiveDecimalsOnManyImages) {
  for (const GoldenDistance& sets : kGoldenDistances) {
    EXPECT_NEAR(frechet_distance(sets.a(), sets.b()), sets.fid, 5e-6)
        << sets.n << " images, " << sets.d << " features";
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

TEST_P(FidTest, DistanceOfConstantFeaturesIsNotNan) {
  EXPECT_EQ(GetParam()(at::zeros({5, 8}), at::ones({6, 8})), 8);
  EXPECT_EQ(GetParam()(at::zeros({20, 8}), at::zeros({30, 8})), 0);
}

// One image many times over, images that span a plane, and features 1e8 times as large as others.
TEST_P(FidTest, DistanceOfRankDeficientAndIllScaledSetsIsNotNan) {
  const at::Tensor one = normal_features(1, 16, 1).repeat({12, 1});
  const at::Tensor plane = normal_features(12, 2, 2).mm(normal_features(2, 16, 3));
  at::Tensor ill = normal_features(12, 16, 4);
  ill.narrow(1, 0, 3).mul_(1e8);
  at::Tensor tiny = normal_features(12, 16, 5) * 1e-150;
  for (const at::Tensor& a : {one, plane, ill, tiny}) {
    const double size = a.var(0).sum().item<double>();
    EXPECT_NEAR(GetParam()(a, a.clone()), 0, 1e-6 * size + 1e-20);
    EXPECT_NEAR(GetParam()(a, a.flip(0)), 0, 1e-6 * size + 1e-20);
    for (const at::Tensor& b : {one, plane, ill, tiny}) {
      EXPECT_TRUE(std::isfinite(GetParam()(a, b)));
    }
  }
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

TEST(FidFormsTest, SelfCheckStatesHowFarTheFormsDiffer) {
  const at::Tensor a = normal_features(20, 64, 5).relu();
  const at::Tensor b = normal_features(25, 64, 6, 1.2, 0.1).relu();
  const FrechetSelfCheck check = frechet_self_check(a, b);
  EXPECT_EQ(check.by_singular_values, frechet_distance_by_singular_values(a, b));
  EXPECT_EQ(check.by_eigenvalues, frechet_distance_by_eigenvalues(a, b));
  EXPECT_LT(check.relative_difference, 1e-9);
  EXPECT_LT(frechet_self_check(a, a).relative_difference, 1e-6);
  EXPECT_EQ(frechet_self_check(at::ones({3, 2}), at::ones({3, 2})).relative_difference, 0);
}

// More images than Inception has features: covariances of full rank.
TEST(FidFormsTest, ManyImagesHaveTheirClosedFormAtTheSizeOfInception) {
  const at::Tensor a = normal_features(2100, 2048, 1).relu();
  // Twice the deviation: (2 - 1)^2 Tr S_a, and the difference of the means.
  const double expected =
      a.var(0).sum().item<double>() + (a.mean(0) + 3).square().sum().item<double>();
  EXPECT_NEAR(frechet_distance(a, 2 * a + 3), expected, 1e-10 * expected);
}

// The regression value of pytorch-fid's tests.
TEST(FidMomentsTest, MeansZeroAndOneWithUnitCovariancesAreExactly2048Apart) {
  const at::Tensor unit = at::eye(2048, at::kDouble);
  EXPECT_EQ(frechet_distance_of_moments({at::zeros({2048}, at::kDouble), unit},
                                        {at::ones({2048}, at::kDouble), unit}),
            2048);
}

TEST(FidMomentsTest, OfFeaturesHaveTheDistanceOfTheFeatures) {
  const at::Tensor a = normal_features(30, 8, 1);
  const at::Tensor b = normal_features(20, 8, 2, 1.5, 0.25);
  const double distance = frechet_distance(a, b);
  EXPECT_NEAR(frechet_distance_of_moments(feature_moments(a), feature_moments(b)), distance,
              1e-12 * distance);
  const FeatureMoments of_floats = feature_moments(a.to(at::kFloat));
  EXPECT_EQ(of_floats.mean.scalar_type(), at::kDouble);
  EXPECT_EQ(of_floats.sigma.scalar_type(), at::kDouble);
}

TEST(FidMomentsTest, DistanceOfRankDeficientCovariancesIsNotNan) {
  const FeatureMoments few = feature_moments(normal_features(5, 64, 1));
  const FeatureMoments none{few.mean, at::zeros({64, 64}, at::kDouble)};
  const double size = few.sigma.trace().item<double>();
  EXPECT_NEAR(frechet_distance_of_moments(few, few), 0, 1e-6 * size);
  EXPECT_NEAR(frechet_distance_of_moments(few, none), size, 1e-12 * size);
  EXPECT_NEAR(frechet_distance_of_moments(none, few), size, 1e-12 * size);
  EXPECT_EQ(frechet_distance_of_moments(none, none), 0);
}

TEST(FidMomentsTest, DiagonalCovariancesCompareTheirRoots) {
  const at::Tensor mean_a = at::tensor({1., 2., 3.}, at::kDouble);
  const at::Tensor mean_b = at::tensor({1., 0., 6.}, at::kDouble);
  const at::Tensor a = at::diag(at::tensor({4., 9., 0.}, at::kDouble));
  const at::Tensor b = at::diag(at::tensor({1., 16., 25.}, at::kDouble));
  // 0 + 4 + 9 of the means, (2 - 1)^2 + (3 - 4)^2 + (0 - 5)^2 of the roots.
  EXPECT_NEAR(frechet_distance_of_moments({mean_a, a}, {mean_b, b}), 13 + 27, 1e-12);
}

TEST(FidMomentsTest, RefusesOtherShapesAndTypesAndSkewCovariances) {
  const at::Tensor mean = at::zeros({3}, at::kDouble);
  const at::Tensor unit = at::eye(3, at::kDouble);
  const FeatureMoments good{mean, unit};
  at::Tensor skew = unit.clone();
  skew[0][2] = 0.5;
  for (const FeatureMoments& bad :
       {FeatureMoments{mean, at::eye(2, at::kDouble)},
        FeatureMoments{at::zeros({2}, at::kDouble), unit},
        FeatureMoments{mean, unit.to(at::kFloat)}, FeatureMoments{mean, unit / 0},
        FeatureMoments{mean / 0, unit}, FeatureMoments{mean, skew}, FeatureMoments{mean, -unit},
        FeatureMoments{at::zeros({2}, at::kDouble), at::eye(2, at::kDouble)}}) {
    EXPECT_THROW(frechet_distance_of_moments(good, bad), Error);
    EXPECT_THROW(frechet_distance_of_moments(bad, good), Error);
  }
  EXPECT_THROW(feature_moments(at::zeros({1, 3})), Error);
  EXPECT_THROW(feature_moments(at::zeros({3})), Error);
  EXPECT_THROW(feature_moments(at::zeros({3, 2}) / 0), Error);
}

// The other regression value of pytorch-fid: three constant images through a mean over the pixels.
TEST(FidMomentsTest, ThreeConstantImagesHaveMeanOneHalfAndCovarianceOneQuarter) {
  const at::Tensor features = at::tensor({0., 0.5, 1.}, at::kDouble).view({3, 1}).repeat({1, 3});
  const FeatureMoments moments = feature_moments(features);
  EXPECT_TRUE(at::equal(moments.mean, at::full({3}, 0.5, at::kDouble)));
  EXPECT_TRUE(at::equal(moments.sigma, at::full({3, 3}, 0.25, at::kDouble)));
}

}  // namespace
}  // namespace scgan
