// How many seeds a comparison would need.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "results/statistics/samples.h"

namespace scgan::stats {

// The numbers of seeds per cell that are tried.
inline constexpr std::array<uint32_t, 18> kSeedCounts = {3,  4,  5,  6,  7,  8,  9,  10, 12,
                                                         15, 20, 25, 30, 40, 50, 60, 80, 100};

struct PowerOptions {
  // Significance level of the headline test, and the power wanted; both in (0, 1).
  double alpha = 0.05;
  double power = 0.8;
  // Key of the random numbers.
  uint32_t seed = 0;
};

struct SeedsNeeded {
  // The first of kSeedCounts whose simulated power is at least the wanted one; nullopt if not even
  // the last one's is.
  std::optional<uint32_t> per_cell;
  // Share of simulated sweeps with that number (or the last one) in which the test rejects.
  double power = 0;
};

// Simulates sweeps in which each cell has equally many seeds of A and B, drawn from normal
// distributions with the observed means and the observed pooled standard deviation of that cell,
// and counts in how many stratified_mann_whitney() rejects at level alpha. The observed difference
// is taken for the true one, so the answer is a guide for planning, not a result. Cells in which a
// or b is empty are left out. nullopt if no cell is left, a value is not finite, or a cell has no
// spread (all values of each group equal, or one value each).
std::optional<SeedsNeeded> seeds_needed(std::span<const CellPair> cells,
                                        const PowerOptions& options = {});

}  // namespace scgan::stats
