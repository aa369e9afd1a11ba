// Stratified bootstrap: runs are drawn with replacement within their cell, cells are kept.
//
// Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13 (percentile interval);
// stratified over tasks as in rliable (Agarwal et al., NeurIPS 2021).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "results/statistics/samples.h"

namespace scgan::stats {

struct BootstrapOptions {
  // Key of the random numbers, which are a pure function of (seed, resample, group, index).
  uint32_t seed = 0;
  // At least 1; below that 1 is taken.
  uint32_t resamples = 2000;
  // Coverage of the interval, in (0, 1).
  double confidence = 0.95;
};

// How often each of `count` values is drawn in a resample; the sum is `count`. `group`
// distinguishes the groups that are resampled independently.
void draw_multiplicities(uint32_t seed, uint32_t resample, uint32_t group,
                         std::span<uint32_t> multiplicities);

// The interval between the (1 - confidence) / 2 and (1 + confidence) / 2 quantiles (type 7) of the
// resampled estimates; `estimates` must not be empty. `smallest_group` decides is_range.
Interval percentile_interval(std::span<const double> estimates, double confidence,
                             size_t smallest_group);

}  // namespace scgan::stats
