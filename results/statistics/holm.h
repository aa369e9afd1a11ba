// Holm's adjustment of p-values for the number of tests in a family.
#pragma once

#include <span>
#include <vector>

namespace scgan::stats {

// The adjusted p-values, in the order of the input: rejecting those at or below alpha keeps the
// probability of any false rejection in the family at or below alpha, for any dependence between
// the tests (Holm, Scand. J. Statist. 6 (1979), 65-70). NaN marks a test that could not be made: it
// stays NaN and does not count in the family, as in R's p.adjust.
std::vector<double> holm(std::span<const double> p_values);

}  // namespace scgan::stats
