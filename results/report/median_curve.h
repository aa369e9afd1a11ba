// The median over runs, and a band around it, along the steps of their training.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace scgan::results {

// Of fewer runs, the band goes from the lowest to the highest; of more, between the quartiles.
constexpr size_t kFewestForQuartileBand = 5;

struct Curve {
  std::vector<double> step, median;
  // Empty if no step has two runs.
  std::vector<double> low, high;
};

using StepValues = std::vector<std::pair<int64_t, double>>;

// `runs`: the finite values of each run, by step. With more than `most_points` different steps,
// neighbouring ones are put together, the same for all runs: a run's value is then the mean of its
// values there, and the step is the last of them.
Curve median_curve(const std::vector<StepValues>& runs, size_t most_points);

}  // namespace scgan::results
