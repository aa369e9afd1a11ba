// The feature sets of golden_values.py.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include "core/base/counter_rng.h"

namespace scgan {

inline at::Tensor normal_features(int64_t n, int64_t d, uint32_t seed, double scale = 1,
                                  double shift = 0) {
  const CounterRng draws(seed, 1U);
  at::Tensor features = at::empty({n, d}, at::kDouble);
  auto rows = features.accessor<double, 2>();
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < d; ++j) {
      rows[i][j] = scale * draws.normal(static_cast<uint32_t>(i), static_cast<uint32_t>(j)) + shift;
    }
  }
  return features;
}

// Sets of n and m images with d features each, and what golden_values.py prints
// for them: NumPy 2.4.6, SciPy 1.17.1 (matrix square root by Schur's method, or
// eigenvalues of the plain product where a covariance is singular).
struct GoldenSets {
  int64_t n, m, d;
  double fid, kid;

  at::Tensor a() const { return normal_features(n, d, 1); }
  at::Tensor b() const { return normal_features(m, d, 2, 1.5, 0.25); }
};

constexpr GoldenSets kGoldenSets[] = {
    {2, 3, 2, 4.02012631103, 18.4931040591},        {8, 16, 4, 4.01353974251, 6.6494612347},
    {64, 32, 16, 11.7365050356, 0.825723993827},    {20, 25, 64, 124.607486411, 0.197238457798},
    {1024, 512, 32, 11.1068331326, 0.410202850975}, {512, 600, 256, 170.058947937, 0.22715763132},
};

// Two sets of n standard normal vectors, as torch-fidelity tests: FID alone.
struct GoldenDistance {
  int64_t n, d;
  double fid;

  at::Tensor a() const { return normal_features(n, d, 3); }
  at::Tensor b() const { return normal_features(n, d, 4); }
};

constexpr GoldenDistance kGoldenDistances[] = {
    {2, 2, 4.82373477663},         {16, 2, 0.187130423842},    {256, 16, 0.644635684104},
    {512, 64, 4.17988682355},      {2048, 256, 16.0244108657}, {4096, 128, 2.0484949737},
    {32768, 2, 0.000300961083864},
};

}  // namespace scgan
