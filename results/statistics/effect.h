// How large a difference is: the shift between two variants and the probability of improvement.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "results/statistics/bootstrap.h"
#include "results/statistics/samples.h"

namespace scgan::stats {

struct Effect {
  // Hodges-Lehmann shift of A against B in the unit of the metric: the median of all differences
  // a - b within a cell, pooled over the cells (Hodges and Lehmann, Ann. Math. Statist. 34 (1963),
  // 598-611). Negative if A has the lower values, whichever are better.
  Estimate shift;
  // Probability that a run of A is better than a run of B at the same percentage, equal values as
  // half, in [0, 1]: U / (n_a n_b), averaged over the cells with equal weight (Agarwal et al.,
  // NeurIPS 2021, section 4.3). 0.5 means no difference. If A wins all pairs, so does every
  // resample: the interval is then 1 to 1, which does not mean certainty.
  Estimate improvement;
  // How many cells counted.
  size_t cells = 0;
};

// Intervals are stratified bootstrap intervals; the groups A and B are resampled independently.
// Cells in which a or b is empty are left out. nullopt if no cell is left or a value is not finite.
std::optional<Effect> estimate_effect(std::span<const CellPair> cells, Better better,
                                      const BootstrapOptions& options = {});

}  // namespace scgan::stats
