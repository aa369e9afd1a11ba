// Exact rank tests of two independent groups, in one cell or over several.
//
// Null hypothesis: within each cell, the values of A and B come from the same distribution, so that
// every assignment of the observed values to A and B is equally likely.
//
// Mann and Whitney, Ann. Math. Statist. 18 (1947), 50-60. Equal values get the mean of their ranks
// (midranks), and the distribution is the exact one given these ties: Lehmann, Nonparametrics
// (1975), chapter 1.4.
#pragma once

#include <optional>
#include <span>

#include "results/statistics/samples.h"

namespace scgan::stats {

// One cell. The deviation is U - n_a n_b / 2, where U counts the pairs in which A is better, equal
// values as half; it is between -n_a n_b / 2 and n_a n_b / 2.
// nullopt if a or b is empty or has a value that is not finite.
std::optional<TestResult> mann_whitney(const CellPair& cell, Better better);

// All cells together: the sum of the cells' deviations as above, each times its weight. The weight
// is that of van Elteren (Bull. Inst. Int. Statist. 37 (1960), 351-361), 1 / (n_a + n_b + 1), in
// units of the largest cell's weight and rounded to a whole number, so that the sum's distribution
// is computed exactly, by convolution of the cells' distributions. With equally many values in all
// cells every weight is 1.
// Cells in which a or b is empty are left out. nullopt if no cell is left, or if a value is not
// finite. Exact up to kMaxExactGroup values in every group; otherwise by the normal approximation,
// with the variance for the observed ties and a correction for continuity.
std::optional<TestResult> stratified_mann_whitney(std::span<const CellPair> cells, Better better);

}  // namespace scgan::stats
