// FID and KID of kept features, computed a second time: with Eigen instead of LibTorch, and by
// other steps than core/eval/fid.h and kid.h, so that neither hides a fault of the other.
#pragma once

#include <Eigen/Core>
#include <cstdint>

namespace scgan::results {

// One row per image.
using Features = Eigen::MatrixXd;

struct Estimate {
  double value = 0;
  // The sum of the terms that cancel in it.
  double terms = 0;
  // What else rounding may change, where the other computation is less exact.
  double rounding = 0;

  // What two computations may differ by: a millionth of the value or, if that is larger, of a
  // millionth of the terms (as FrechetSelfCheck in core/eval/fid.h), and `rounding`.
  double tolerance() const;
  bool agrees_with(double other) const;
};

// Both sets have 2 or more rows and equally many columns, at least 1, and finite values.
//
// Tr((S_a S_b)^(1/2)) is always the sum of the singular values of F_a F_b^T / sqrt((n-1)(m-1)),
// where F^T F = (n-1) S: F is the centred features or, if there are more images than features, the
// triangular factor of their QR decomposition.
Estimate frechet_distance(const Features& a, const Features& b);

struct KernelDistance {
  Estimate full = {}, subset_mean = {}, subset_std = {};
  // Whether the deviation says something: there are 2 or more subsets, and they differ.
  bool subsets_differ = false;
};

// The subsets are those of kernel_distance() in core/eval/kid.h. Takes at least one subset of two
// images.
KernelDistance kernel_distance(const Features& a, const Features& b, int64_t subsets,
                               int64_t subset_size);

}  // namespace scgan::results
