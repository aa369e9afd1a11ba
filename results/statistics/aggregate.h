// Aggregates of one variant over all percentages: interquartile mean and performance profile, as in
// rliable (Agarwal et al., "Deep reinforcement learning at the edge of the statistical precipice",
// NeurIPS 2021).
//
// Values of different percentages are made comparable by division by the baseline's median at the
// same percentage: 1 is as good as the baseline's median run.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "results/statistics/bootstrap.h"
#include "results/statistics/samples.h"

namespace scgan::stats {

// Each cell's values of A divided by the median of its values of B, the baseline. Cells in which a
// or b is empty are left out. nullopt if no cell is left, a value is not finite, or a median is not
// above zero (KID can be negative: a ratio would then mean nothing).
std::optional<std::vector<Sample>> normalise(std::span<const CellPair> cells);

// Interquartile mean: the mean of the values without the lowest and highest floor(n / 4), as
// SciPy's trim_mean(values, 0.25). For n below 4 it is the mean. nullopt for no values or one that
// is not finite.
std::optional<double> interquartile_mean(std::span<const double> values);

// The interquartile mean of the values of all cells together (rliable's aggregate_iqm), with its
// stratified bootstrap interval. The interval does not include the uncertainty of the baseline's
// medians. Empty cells are left out; nullopt as above.
std::optional<Estimate> estimate_iqm(std::span<const Sample> cells,
                                     const BootstrapOptions& options = {});

struct ProfilePoint {
  double tau = 0;
  // In [0, 1].
  Estimate share;
};

// For each tau the share of runs that are at least as good as tau (value <= tau if lower is better,
// value >= tau if higher is better), averaged over the cells with equal weight; bands are pointwise
// bootstrap intervals. Points are in the order of `taus`. Empty cells are left out. nullopt if no
// cell is left or a value or tau is not finite.
std::optional<std::vector<ProfilePoint>> performance_profile(std::span<const Sample> cells,
                                                             std::span<const double> taus,
                                                             Better better,
                                                             const BootstrapOptions& options = {});

}  // namespace scgan::stats
