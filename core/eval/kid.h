// Kernel Inception Distance (Binkowski, Sutherland, Arbel, Gretton, ICLR 2018), in double:
// the unbiased MMD^2 with the kernel k(x, y) = (x . y / d + 1)^3, which may be slightly negative.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

namespace scgan {

struct KidOptions {
  int64_t subsets = 100;
  // An upper limit: min(n, m, subset_size) is used.
  int64_t subset_size = 1000;
  // Of the choice of subsets.
  int64_t seed = 2020;
};

struct KidResult {
  // Unbiased estimate on all samples.
  double full = 0;
  // With the pairs of an image with itself; some programs call this KID.
  double full_biased = 0;
  // Mean over subsets drawn without replacement.
  double subset_mean = 0;
  // Population standard deviation over the subsets: NOT a standard error. nullopt where it would
  // say nothing: of one subset, or if each subset holds all images.
  std::optional<double> subset_std;
  int64_t subset_size = 0;
};

// a [n, d], b [m, d], n and m >= 2. Throws Error(kData) otherwise.
KidResult kernel_distance(const at::Tensor& a, const at::Tensor& b, const KidOptions& options);

}  // namespace scgan
