// What the tests and estimates of this folder take and return. All functions here are pure: no
// files, no state, no clock; the same values give the same result in any order of values and cells.
//
// Values are scores of finished runs, one per seed, in the unit of their metric. A cell is what one
// variant scored at one percentage of the training data.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace scgan::stats {

// Which values of a metric are better: lower FID and KID, higher recovered change.
enum class Better { kLower, kHigher };

// Values of one cell, in any order.
using Sample = std::vector<double>;

// Two variants, A and B, at one percentage. The two may have different numbers of values.
struct CellPair {
  Sample a, b;
};

// With more values in any group, tests use the normal approximation: the exact distribution's work
// grows with the fourth power.
inline constexpr size_t kMaxExactGroup = 30;

// Below this many values in a cell a bootstrap interval is called a range: see Interval.
inline constexpr size_t kMinForInterval = 5;

struct TestResult {
  // Two-sided: the probability, if the null hypothesis holds, of a statistic at least as far from
  // its expectation as the one observed. In (0, 1].
  double p = 1;
  // The smallest p that any outcome could have had with these numbers of values and these ties.
  // Above the significance level, the test cannot reject whatever the values are.
  double floor = 1;
  // The statistic minus its expectation, in ranks (each function says which). Positive if A is
  // better than B, or the values are better than the constant.
  double deviation = 0;
  // How many cells counted.
  size_t cells = 0;
};

// Percentile bootstrap interval.
struct Interval {
  double low = 0, high = 0;
  // True if a cell has fewer than kMinForInterval values. The interval is then only the range that
  // these few values span, and must not be called a confidence interval.
  bool is_range = false;
};

struct Estimate {
  double value = 0;
  Interval interval;
};

// Whether all values are finite.
bool all_finite(std::span<const double> values);

// The cells that are not empty, values and cells sorted, so that neither order matters. nullopt if
// no cell is left or a value is not finite. Of pairs, both groups must not be empty.
std::optional<std::vector<Sample>> in_order(std::span<const Sample> cells);
std::optional<std::vector<CellPair>> in_order(std::span<const CellPair> cells);

}  // namespace scgan::stats
