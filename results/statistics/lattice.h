// Exact distributions of rank statistics: probabilities of equally spaced whole numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace scgan::stats {

// The value first + i * step has the probability[i]; step > 0, and the first and the last
// probability are positive.
struct Lattice {
  int64_t first = 0;
  int64_t step = 1;
  std::vector<double> probability = {1.0};

  int64_t last() const { return first + step * (static_cast<int64_t>(probability.size()) - 1); }
};

// The ranks 1 ... n of the values, times 2, in the order of the values; equal values get the mean
// of their ranks. Values must be finite.
std::vector<int64_t> doubled_midranks(std::span<const double> values);

// The sum of `count` of the scores, when each choice of that many is equally likely. Scores are
// positive and at most 2 * kMaxExactGroup of them.
Lattice subset_sum(std::vector<int64_t> scores, size_t count);

// The sum of the scores, each with its own sign, when each choice of signs is equally likely.
// Scores are positive and at most kMaxExactGroup of them.
Lattice signed_sum(std::vector<int64_t> scores);

// Of weight * X + shift; weight > 0.
Lattice scaled(Lattice x, int64_t weight, int64_t shift);

// The sum of independent values; zero for none.
Lattice sum_of(std::span<const Lattice> lattices);

// Van Elteren's weight 1 / (n + 1) in units of 1 / (largest_n + 1), rounded to a whole number, so
// that the weighted sum of cells is a Lattice; n <= largest_n.
int64_t rounded_weight(size_t n, size_t largest_n);

// Of the sum of independent values of lattices. Probabilities too small for a double are
// returned as the smallest normal one.
struct TwoSided {
  // The probability that the sum is at least `distance` away from zero, on either side.
  double p = 1;
  // The smallest p over all distances that the sum can have.
  double floor = 1;
};

// The sum of independent values of at least one lattice. The order of the lattices does not change
// a bit.
class SumDistribution {
 public:
  explicit SumDistribution(std::vector<Lattice> lattices);

  // `distance` is one that the sum can have.
  TwoSided two_sided(int64_t distance) const;

 private:
  // Of all lattices but the last one, and the sums of the last one's probabilities up to each place
  // from below and from above, so that small tails keep their precision.
  Lattice others_, last_;
  std::vector<double> below_, above_;
  double floor_ = 1;
};

// The same by the normal distribution, for sums of many values: of a sum with the expectation 0 and
// this variance, whose values are 2 * half_step apart (the correction for continuity).
// `log_extreme` is the logarithm of the probability of its highest value.
TwoSided two_sided_normal(double distance, double variance, double half_step, double log_extreme);

}  // namespace scgan::stats
