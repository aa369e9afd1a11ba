// Frechet distance between two sets of feature vectors (Heusel et al., NeurIPS 2017), in double.
#pragma once

#include <ATen/core/Tensor.h>

namespace scgan {

// a [n, d], b [m, d], any floating type, n and m >= 2. Covariances with ddof = 1.
//   FID = |mu_a - mu_b|^2 + Tr S_a + Tr S_b - 2 Tr((S_a S_b)^(1/2))
// When n and m are smaller than d, Tr((S_a S_b)^(1/2)) is the sum of the singular values of A B^T /
// sqrt((n-1)(m-1)) with A, B the centred features: exact, and never forms d x d. Otherwise the
// symmetric eigenvalue form. Throws Error(kData) for other shapes and for values that are not
// finite.
double frechet_distance(const at::Tensor& a, const at::Tensor& b);

// The symmetric eigenvalue form for any n: an independent path to the same number, used as a
// self-test.
double frechet_distance_by_eigenvalues(const at::Tensor& a, const at::Tensor& b);

// The same from means [d] and covariances [d, d], double on the CPU. Throws Error(kData) as above.
double frechet_distance_of_moments(const at::Tensor& mean_a, const at::Tensor& sigma_a,
                                   const at::Tensor& mean_b, const at::Tensor& sigma_b);

}  // namespace scgan
