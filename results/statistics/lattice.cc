#include "results/statistics/lattice.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <tuple>
#include <utility>

namespace scgan::stats {
namespace {

// The scores minus their minimum, divided by their greatest common divisor.
struct Reduced {
  int64_t minimum = 0, divisor = 1;
  std::vector<int64_t> scores;
};

Reduced reduce(std::vector<int64_t> scores) {
  Reduced reduced;
  reduced.minimum = std::ranges::min(scores);
  int64_t divisor = 0;
  for (int64_t& score : scores) {
    score -= reduced.minimum;
    divisor = std::gcd(divisor, score);
  }
  reduced.divisor = std::max<int64_t>(divisor, 1);
  for (int64_t& score : scores) score /= reduced.divisor;
  reduced.scores = std::move(scores);
  return reduced;
}

void divide_by_sum(std::vector<double>& counts) {
  const double total = std::accumulate(counts.begin(), counts.end(), 0.0);
  for (double& count : counts) count /= total;
}

// Places of x and y are that many places of the result apart.
std::vector<double> convolve(const std::vector<double>& x, size_t x_stride,
                             const std::vector<double>& y, size_t y_stride) {
  std::vector<double> sum((x.size() - 1) * x_stride + (y.size() - 1) * y_stride + 1);
  for (size_t i = 0; i < x.size(); ++i) {
    double* const begin = sum.data() + i * x_stride;
    const double factor = x[i];
    if (y_stride == 1) {
      for (size_t j = 0; j < y.size(); ++j) begin[j] += factor * y[j];
    } else {
      for (size_t j = 0; j < y.size(); ++j) begin[j * y_stride] += factor * y[j];
    }
  }
  return sum;
}

Lattice sum_of_two(const Lattice& x, const Lattice& y) {
  const int64_t step = std::gcd(x.step, y.step);
  return {x.first + y.first, step,
          convolve(x.probability, static_cast<size_t>(x.step / step), y.probability,
                   static_cast<size_t>(y.step / step))};
}

double in_range(double p) { return std::clamp(p, std::numeric_limits<double>::min(), 1.0); }

// The sum up to the place that is `room` above the first one.
double up_to(const std::vector<double>& sums, int64_t room, int64_t step) {
  if (room < 0) return 0;
  return sums[std::min(static_cast<size_t>(room / step), sums.size() - 1)];
}

double smallest_tail(std::span<const Lattice> lattices) {
  int64_t first = 0, last = 0;
  double lowest = 1, highest = 1;
  for (const Lattice& lattice : lattices) {
    first += lattice.first;
    last += lattice.last();
    lowest *= lattice.probability.front();
    highest *= lattice.probability.back();
  }
  if (first == last) return 1;
  if (-first == last) return in_range(lowest + highest);
  return in_range(-first > last ? lowest : highest);
}

}  // namespace

std::vector<int64_t> doubled_midranks(std::span<const double> values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, {}, [&](size_t i) { return values[i]; });
  std::vector<int64_t> ranks(values.size());
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin + 1;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    // Places begin + 1 ... end have the mean (begin + 1 + end) / 2.
    for (size_t i = begin; i < end; ++i) ranks[order[i]] = static_cast<int64_t>(begin + 1 + end);
    begin = end;
  }
  return ranks;
}

// Counts the choices of k of the first i scores by their sum. Sorted scores bound the sums of k
// scores from below and above, which leaves a tenth of the table to fill.
Lattice subset_sum(std::vector<int64_t> scores, size_t count) {
  std::ranges::sort(scores);
  const size_t n = scores.size();
  const Reduced reduced = reduce(std::move(scores));
  std::vector<int64_t> prefix(n + 1);
  std::partial_sum(reduced.scores.begin(), reduced.scores.end(), prefix.begin() + 1);
  std::vector<std::vector<double>> ways(count + 1);  // ways[k][sum - prefix[k]]
  for (size_t k = 0; k <= count; ++k) {
    const int64_t highest = prefix[n] - prefix[n - k];
    ways[k].assign(static_cast<size_t>(highest - prefix[k] + 1), 0.0);
  }
  ways[0][0] = 1;
  for (size_t i = 0; i < n; ++i) {
    const size_t most = std::min(i + 1, count);
    const size_t least = std::max<size_t>(1, count > n - i - 1 ? count - (n - i - 1) : 0);
    for (size_t k = most; k >= least; --k) {
      // From k - 1 of the first i scores, whose sums end at prefix[i] - prefix[i - (k - 1)].
      const int64_t from_size = prefix[i] - prefix[i - (k - 1)] - prefix[k - 1] + 1;
      const double* const from = ways[k - 1].data();
      double* const to = ways[k].data() + (prefix[k - 1] + reduced.scores[i] - prefix[k]);
      for (int64_t s = 0; s < from_size; ++s) to[s] += from[s];
    }
  }
  Lattice lattice{static_cast<int64_t>(count) * reduced.minimum + prefix[count] * reduced.divisor,
                  reduced.divisor, std::move(ways[count])};
  divide_by_sum(lattice.probability);
  return lattice;
}

// Sorted, so that even the rounding of counts above 2^53 does not depend on the order.
Lattice signed_sum(std::vector<int64_t> scores) {
  std::ranges::sort(scores);
  int64_t divisor = 0, total = 0;
  for (const int64_t score : scores) {
    divisor = std::gcd(divisor, score);
    total += score;
  }
  divisor = std::max<int64_t>(divisor, 1);
  // ways[s]: choices of positive signs whose scores have the sum s * divisor.
  std::vector<double> ways(static_cast<size_t>(total / divisor) + 1);
  ways[0] = 1;
  size_t reached = 0;
  for (const int64_t score : scores) {
    const auto jump = static_cast<size_t>(score / divisor);
    for (size_t s = reached + 1; s-- > 0;) ways[s + jump] += ways[s];
    reached += jump;
  }
  Lattice lattice{-total, 2 * divisor, std::move(ways)};
  divide_by_sum(lattice.probability);
  return lattice;
}

Lattice scaled(Lattice x, int64_t weight, int64_t shift) {
  x.first = weight * x.first + shift;
  x.step *= weight;
  return x;
}

Lattice sum_of(std::span<const Lattice> lattices) {
  Lattice sum;
  for (const Lattice& lattice : lattices) sum = sum_of_two(sum, lattice);
  return sum;
}

int64_t rounded_weight(size_t n, size_t largest_n) {
  return static_cast<int64_t>((2 * (largest_n + 1) + n + 1) / (2 * (n + 1)));
}

SumDistribution::SumDistribution(std::vector<Lattice> lattices) {
  // The largest last, since the tail of the last one costs least.
  std::ranges::sort(lattices, [](const Lattice& x, const Lattice& y) {
    const size_t x_size = x.probability.size(), y_size = y.probability.size();
    return std::tie(x_size, x.first, x.step, x.probability) <
           std::tie(y_size, y.first, y.step, y.probability);
  });
  floor_ = smallest_tail(lattices);
  others_ = sum_of(std::span(lattices).first(lattices.size() - 1));
  last_ = std::move(lattices.back());
  below_.resize(last_.probability.size());
  above_.resize(last_.probability.size());
  std::partial_sum(last_.probability.begin(), last_.probability.end(), below_.begin());
  std::partial_sum(last_.probability.rbegin(), last_.probability.rend(), above_.begin());
}

TwoSided SumDistribution::two_sided(int64_t distance) const {
  if (distance <= 0) return {1, floor_};
  double p = 0;
  for (size_t i = 0; i < others_.probability.size(); ++i) {
    const int64_t value = others_.first + static_cast<int64_t>(i) * others_.step;
    p += others_.probability[i] * (up_to(above_, last_.last() - (distance - value), last_.step) +
                                   up_to(below_, -distance - value - last_.first, last_.step));
  }
  return {in_range(p), floor_};
}

TwoSided two_sided_normal(double distance, double variance, double half_step, double log_extreme) {
  const double floor = in_range(2 * std::exp(log_extreme));
  if (distance <= half_step || variance <= 0) return {1, floor};
  const double z = (distance - half_step) / std::sqrt(variance);
  return {std::max(in_range(std::erfc(z / std::numbers::sqrt2)), floor), floor};
}

}  // namespace scgan::stats
