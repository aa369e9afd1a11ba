#include "results/verify/distances.h"

#include <gtest/gtest.h>

#include <limits>

#include "core/base/counter_rng.h"

namespace scgan::results {
namespace {

// The feature sets of tests/core/eval/golden_values.py.
Features normal_features(Eigen::Index n, Eigen::Index d, uint32_t seed, double scale = 1,
                         double shift = 0) {
  const CounterRng draws(seed, 1U);
  return Features::NullaryExpr(n, d, [&](Eigen::Index i, Eigen::Index j) {
    return scale * draws.normal(static_cast<uint32_t>(i), static_cast<uint32_t>(j)) + shift;
  });
}

Features normal_b(Eigen::Index m, Eigen::Index d) { return normal_features(m, d, 2, 1.5, 0.25); }

TEST(DistancesTest, FourPointSetsHaveTheirHandValues) {
  const Features a{{0., 0.}, {2., 0.}, {0., 2.}, {2., 2.}};
  const Features b{{1., 1.}, {3., 1.}, {1., 5.}, {3., 5.}};
  // Means (1, 1) and (2, 3), covariances diag(4/3, 4/3) and diag(4/3, 16/3).
  EXPECT_NEAR(frechet_distance(a, b).value, 19.0 / 3.0, 1e-12);
  EXPECT_NEAR(frechet_distance(a, b).terms, 5 + 8.0 / 3 + 20.0 / 3, 1e-12);
  // Kernel sums: 116 and 8456 without the diagonals, 1820 across.
  const Estimate kid = kernel_distance(a, b, 1, 1000).full;
  EXPECT_NEAR(kid.value, 116.0 / 12 + 8456.0 / 12 - 2 * 1820.0 / 16, 1e-10);
  EXPECT_NEAR(kid.terms, 116.0 / 12 + 8456.0 / 12 + 2 * 1820.0 / 16, 1e-10);
}

// What golden_values.py prints: NumPy 2.4.6, SciPy 1.17.1. Its FID of singular covariances is exact
// to 8 digits.
TEST(DistancesTest, AgreeWithNumPyAndSciPy) {
  constexpr struct {
    int n, m, d;
    double fid, kid;
  } kGolden[] = {
      {2, 3, 2, 4.02012631103, 18.4931040591},        {8, 16, 4, 4.01353974251, 6.6494612347},
      {64, 32, 16, 11.7365050356, 0.825723993827},    {20, 25, 64, 124.607486411, 0.197238457798},
      {1024, 512, 32, 11.1068331326, 0.410202850975}, {512, 600, 256, 170.058947937, 0.22715763132},
  };
  for (const auto& golden : kGolden) {
    const Features a = normal_features(golden.n, golden.d, 1);
    const Features b = normal_b(golden.m, golden.d);
    EXPECT_NEAR(frechet_distance(a, b).value, golden.fid, 1e-7 * golden.fid) << golden.n;
    EXPECT_NEAR(kernel_distance(a, b, 1, 2).full.value, golden.kid, 1e-9 * golden.kid) << golden.n;
  }
}

TEST(DistancesTest, SubsetsAgreeWithNumPy) {
  constexpr struct {
    int n, m, d, subsets, size;
    double mean, deviation;
  } kGolden[] = {{64, 32, 16, 20, 10, 1.00065117332, 0.553587024716},
                 {20, 25, 64, 5, 1000, 0.192331589575, 0.0332830550691}};
  for (const auto& golden : kGolden) {
    const KernelDistance kid =
        kernel_distance(normal_features(golden.n, golden.d, 1), normal_b(golden.m, golden.d),
                        golden.subsets, golden.size);
    EXPECT_NEAR(kid.subset_mean.value, golden.mean, 1e-9) << golden.n;
    EXPECT_NEAR(kid.subset_std.value, golden.deviation, 1e-9) << golden.n;
  }
}

TEST(DistancesTest, SubsetsOfAllImagesAreTheFullEstimate) {
  const KernelDistance kid = kernel_distance(normal_features(40, 16, 1), normal_b(40, 16), 5, 1000);
  EXPECT_EQ(kid.subset_mean.value, kid.full.value);
  EXPECT_EQ(kid.subset_std.value, 0);
}

// The sum of (x . y / 2 + 1)^3 over all pairs of different rows.
double sum_of_pairs(const Features& a, const Features& b, bool is_same) {
  const double* const x = a.data();  // column by column
  const double* const y = b.data();
  const auto n = static_cast<size_t>(a.rows()), m = static_cast<size_t>(b.rows());
  double sum = 0;
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < m; ++j) {
      const double base = (x[i] * y[j] + x[n + i] * y[m + j]) / 2 + 1;
      if (!is_same || i != j) sum += base * base * base;
    }
  }
  return sum;
}

// Kernels of more images than are kept are computed block by block.
TEST(DistancesTest, ManyImagesAgreeWithTheSumOverPairs) {
  const Features a = normal_features(4200, 2, 1), b = normal_b(40, 2);
  const double expected = sum_of_pairs(a, a, true) / (4200.0 * 4199) +
                          sum_of_pairs(b, b, true) / (40.0 * 39) -
                          2 * sum_of_pairs(a, b, false) / (4200.0 * 40);
  const KernelDistance kid = kernel_distance(a, b, 3, 20);
  EXPECT_NEAR(kid.full.value, expected, 1e-9);
  EXPECT_NEAR(kid.subset_mean.value, expected, 6 * kid.subset_std.value);
}

TEST(DistancesTest, AnEstimateAgreesWithinAMillionth) {
  const Estimate estimate{.value = 50, .terms = 200};
  EXPECT_TRUE(estimate.agrees_with(50 + 4e-5));
  EXPECT_FALSE(estimate.agrees_with(50 + 6e-5));
  EXPECT_FALSE(estimate.agrees_with(std::numeric_limits<double>::quiet_NaN()));
  // Where everything cancels, of a millionth of the terms.
  const Estimate zero{.value = 0, .terms = 200};
  EXPECT_TRUE(zero.agrees_with(1e-10));
  EXPECT_FALSE(zero.agrees_with(3e-10));
}

// core/eval/fid.cc then takes eigenvalues, of which it drops those below the noise.
TEST(DistancesTest, ManyImagesAllowForTheErrorOfEigenvalues) {
  Features a = normal_features(100, 8, 1), b = normal_b(100, 8);
  EXPECT_LT(frechet_distance(a, b).rounding, 1e-12);
  a.col(7) *= 1e-9;
  b.col(7) *= 1e-9;
  const Estimate estimate = frechet_distance(a, b);
  EXPECT_GT(estimate.rounding, 1e-9);
  EXPECT_LT(estimate.rounding, 1e-5 * estimate.value);
  EXPECT_EQ(frechet_distance(a.topRows(5), b.topRows(5)).rounding, 0) << "few images";
}

}  // namespace
}  // namespace scgan::results
