// Frechet distance between two sets of feature vectors (Heusel et al., NeurIPS 2017), in double.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace scgan {

// a [n, d], b [m, d], any floating type, n and m >= 2. Covariances with ddof = 1.
//   FID = |mu_a - mu_b|^2 + Tr S_a + Tr S_b - 2 Tr((S_a S_b)^(1/2))
// Uses singular values when their matrix is smaller than the covariances (n m < d d), eigenvalues
// otherwise. Throws Error(kData) for other shapes and for values that are not finite.
double frechet_distance(const at::Tensor& a, const at::Tensor& b);

// Tr((S_a S_b)^(1/2)) as the sum of the singular values of A B^T / sqrt((n-1)(m-1)) with A, B the
// centred features. Exact for any n and m; does not form d x d matrices.
double frechet_distance_by_singular_values(const at::Tensor& a, const at::Tensor& b);

// The symmetric eigenvalue form, for any n and m: an independent way to the same number.
double frechet_distance_by_eigenvalues(const at::Tensor& a, const at::Tensor& b);

struct FrechetSelfCheck {
  double by_singular_values = 0, by_eigenvalues = 0;
  // Relative to the distance or, if that is larger, to a millionth of the terms that cancel in it
  // (for equal sets). Rounding causes up to about 1e-6; up to about 2e-5 where many features hardly
  // vary, since roots of tiny eigenvalues are inexact. A larger difference is an error.
  double relative_difference = 0;
};

// Computes the distance both ways, which takes seconds for d = 2048. Throws as frechet_distance.
FrechetSelfCheck frechet_self_check(const at::Tensor& a, const at::Tensor& b);

// Mean and covariance of features, in double on the CPU.
struct FeatureMoments {
  at::Tensor mean;   // [d]
  at::Tensor sigma;  // [d, d], ddof = 1
};

// features [n, d], any floating type, n >= 2. Throws Error(kData) as above.
FeatureMoments feature_moments(const at::Tensor& features);

// Throws Error(kData) with a message that begins with `source` for other shapes or types, for
// values that are not finite, and when sigma is not a covariance: not symmetric, or a variance
// below 0.
void check_moments(const FeatureMoments& moments, const std::string& source);

// Uses eigenvalues; takes 3 s on one core for d = 2048. Throws Error(kData) as check_moments, and
// when the lengths differ.
double frechet_distance_of_moments(const FeatureMoments& a, const FeatureMoments& b);

}  // namespace scgan
