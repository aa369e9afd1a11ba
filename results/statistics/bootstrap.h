// Stratified bootstrap: runs are drawn with replacement within their cell, cells are kept.
//
// Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13 (percentile interval);
// stratified over tasks as in rliable (Agarwal et al., NeurIPS 2021).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/counter_rng.h"
#include "results/statistics/samples.h"

namespace scgan::stats {

struct BootstrapOptions {
  // Key of the random numbers, which are a pure function of (seed, resample, group, index).
  uint32_t seed = 0;
  // Must be at least 1.
  uint32_t resamples = 2000;
  // Coverage of the interval, in (0, 1).
  double confidence = 0.95;
};

// Groups of values that are resampled independently of each other.
class Resampler {
 public:
  Resampler(std::span<const size_t> group_sizes, uint32_t seed);

  // How often each value is drawn in that resample, group after group in one list; a group's
  // numbers add up to its size. Valid until the next call.
  std::span<const uint32_t> draw(uint32_t resample);

  // A list like draw()'s with each value once: the observed values.
  std::span<const uint32_t> observed();

 private:
  std::vector<size_t> group_sizes_;
  CounterRng rng_;
  std::vector<uint32_t> multiplicities_;
};

// The interval between the (1 - confidence) / 2 and (1 + confidence) / 2 quantiles (type 7) of the
// resampled estimates; `estimates` must not be empty. `smallest_group` decides is_range.
Interval percentile_interval(std::span<const double> estimates, double confidence,
                             size_t smallest_group);

}  // namespace scgan::stats
