// Kernel Inception Distance (Binkowski, Sutherland, Arbel, Gretton, ICLR 2018), in double:
// unbiased MMD^2 with the kernel k(x, y) = (x . y / d + 1)^3. May be slightly negative: the sign is
// kept.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace scgan {

struct KidOptions {
  int64_t subsets = 100;
  int64_t subset_size = 1000;  // at most: min(n, m, subset_size) is used
  int64_t seed = 2020;         // of the subsets' draws
};

struct KidResult {
  double full = 0;         // unbiased estimate on all samples
  double full_biased = 0;  // with the pairs of an image with itself: what some programs call KID
  double subset_mean = 0;  // mean over subsets drawn without replacement
  double subset_std = 0;   // population standard deviation over the subsets: NOT a standard error
  int64_t subset_size = 0;
};

// a [n, d], b [m, d], n and m >= 2. Throws Error(kData) otherwise.
KidResult kernel_distance(const at::Tensor& a, const at::Tensor& b, const KidOptions& options);

}  // namespace scgan
