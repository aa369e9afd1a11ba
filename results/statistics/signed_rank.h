// Exact tests of differences: of runs that share a seed, or between runs and a constant.
//
// A cell is a list of differences, made by paired_differences() or differences_from(). Zeros
// are left out (Wilcoxon's rule), and equal absolute differences get the mean of their ranks. The
// distributions are exact given these ties.
#pragma once

#include <optional>
#include <span>

#include "results/statistics/samples.h"

namespace scgan::stats {

// a[i] - b[i]. nullopt if a and b do not have the same number of values.
std::optional<Sample> paired_differences(std::span<const double> a, std::span<const double> b);

// Each value minus the constant, such as the score of the untranslated images.
Sample differences_from(double constant, std::span<const double> values);

// Wilcoxon's signed-rank test (Biometrics Bull. 1 (1945), 80-83). Null hypothesis: the differences
// are symmetric around zero, so that every sign is equally likely; this holds for A minus B of the
// same seed if the variants do not differ. The deviation is half of (ranks of the better signs
// minus ranks of the worse signs), summed over the cells, each times 1 / (n + 1) in units of the
// largest cell's weight, rounded to a whole number; n counts the differences other than zero.
// Empty cells are left out. nullopt if no cell is left or a difference is not finite. p and floor
// are 1 if all differences are zero. Exact up to kMaxExactGroup differences in every cell;
// otherwise by the normal approximation with a correction for continuity.
std::optional<TestResult> signed_rank_test(std::span<const Sample> cells, Better better);

// The sign test. Null hypothesis: a difference is as likely positive as negative (the median of the
// values is the constant). It assumes no symmetry, so it suits the comparison with a constant. The
// deviation is half of (number of better signs minus number of worse signs), over all cells.
// Otherwise as signed_rank_test().
std::optional<TestResult> sign_test(std::span<const Sample> cells, Better better);

}  // namespace scgan::stats
