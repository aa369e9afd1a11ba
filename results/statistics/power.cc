#include "results/statistics/power.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>
#include <vector>

#include "core/base/counter_rng.h"
#include "core/base/stats.h"
#include "results/statistics/lattice.h"
#include "results/statistics/memo.h"

namespace scgan::stats {
namespace {

// Sweeps are simulated in batches until the power is clearly above or below the wanted one.
constexpr uint32_t kBatch = 100;
constexpr uint32_t kBatches = 5;
// Up to this many seeds the simulated test is exact; above, by the normal approximation.
constexpr uint32_t kMaxExact = 12;

double squared_distances(const Sample& values) {
  const double centre = mean(values);
  double sum = 0;
  for (const double value : values) sum += (value - centre) * (value - centre);
  return sum;
}

// Mean of A minus mean of B of each cell, in pooled standard deviations.
std::optional<std::vector<double>> standardised_shifts(std::span<const CellPair> cells) {
  std::vector<double> shifts;
  for (const CellPair& cell : cells) {
    const auto freedom = static_cast<double>(cell.a.size() + cell.b.size()) - 2;
    const double sd = std::sqrt((squared_distances(cell.a) + squared_distances(cell.b)) / freedom);
    if (!(sd > 0)) return std::nullopt;
    shifts.push_back((mean(cell.a) - mean(cell.b)) / sd);
  }
  return shifts;
}

// Of twice the deviation of U with n different values in each group.
Lattice null_distribution(uint32_t n) {
  std::vector<int64_t> ranks(2 * size_t{n});
  std::iota(ranks.begin(), ranks.end(), 1);
  return scaled(subset_sum(std::move(ranks), n), 2, -int64_t{n} * (2 * int64_t{n} + 1));
}

// Of the sum over that many cells.
Lattice null_sum(const std::pair<uint32_t, size_t>& design) {
  return sum_of(std::vector(design.second, null_distribution(design.first)));
}

// The smallest distance of the summed statistic from zero at which the test rejects, doubled ranks.
double critical_distance(uint32_t n, size_t cells, double alpha) {
  if (n <= kMaxExact) {
    static Memo<std::pair<uint32_t, size_t>, Lattice> memo;
    const auto kept = memo.get({n, cells}, null_sum);
    const Lattice& sum = *kept;
    double tail = 0;
    auto distance = static_cast<double>(sum.last()) + 1;
    for (size_t i = sum.probability.size(); i-- > 0;) {
      tail += 2 * sum.probability[i];  // the distribution is symmetric
      if (tail > alpha || sum.first + static_cast<int64_t>(i) * sum.step <= 0) break;
      distance = static_cast<double>(sum.first + static_cast<int64_t>(i) * sum.step);
    }
    return distance;
  }
  double low = 0, high = 40;  // in standard deviations
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (std::erfc(middle / std::numbers::sqrt2) > alpha ? low : high) = middle;
  }
  const double variance = static_cast<double>(cells) * n * n * (2.0 * n + 1) / 3;
  return high * std::sqrt(variance) + 1;  // half a step of the statistic, for continuity
}

class SweepSimulator {
 public:
  SweepSimulator(std::vector<double> shifts, uint32_t seed)
      : shifts_(std::move(shifts)), rng_(seed, Purpose::kPower) {}

  // Twice the summed deviation of the simulated sweep. Sweeps of the same number share their draws,
  // whatever n is.
  int64_t statistic(uint32_t sweep, uint32_t n) {
    int64_t sum = 0;
    for (uint32_t cell = 0; cell < shifts_.size(); ++cell) {
      draw(a_, shifts_[cell], sweep, n, 2 * cell);
      draw(b_, 0, sweep, n, 2 * cell + 1);
      size_t below = 0;
      for (const double value : a_) {
        while (below < n && b_[below] < value) ++below;
        sum += 2 * static_cast<int64_t>(below) - n;
      }
    }
    return sum;
  }

 private:
  void draw(std::vector<double>& values, double shift, uint32_t sweep, uint32_t n, uint32_t lane) {
    values.clear();
    for (uint32_t i = 0; i < n; ++i) values.push_back(shift + rng_.normal(sweep, i, lane));
    std::ranges::sort(values);
  }

  std::vector<double> shifts_;
  CounterRng rng_;
  std::vector<double> a_, b_;
};

double simulated_power(SweepSimulator& simulator, uint32_t n, double critical, double wanted) {
  double power = 0;
  uint32_t rejected = 0;
  for (uint32_t sweep = 0; sweep < kBatch * kBatches;) {
    for (uint32_t i = 0; i < kBatch; ++i, ++sweep) {
      rejected += std::abs(static_cast<double>(simulator.statistic(sweep, n))) >= critical ? 1 : 0;
    }
    power = static_cast<double>(rejected) / sweep;
    const double standard_error = std::sqrt(wanted * (1 - wanted) / sweep);
    if (std::abs(power - wanted) > 3 * standard_error) break;
  }
  return power;
}

}  // namespace

std::optional<SeedsNeeded> seeds_needed(std::span<const CellPair> cells,
                                        const PowerOptions& options) {
  const auto used = in_order(cells);
  if (!used) return std::nullopt;
  auto shifts = standardised_shifts(*used);
  if (!shifts) return std::nullopt;
  SweepSimulator simulator(std::move(*shifts), options.seed);
  const auto power_with = [&](uint32_t n) {
    return simulated_power(simulator, n, critical_distance(n, used->size(), options.alpha),
                           options.power);
  };
  SeedsNeeded needed;
  size_t begin = 0, end = kSeedCounts.size();
  while (begin < end) {
    const size_t middle = (begin + end) / 2;
    const double power = power_with(kSeedCounts[middle]);
    if (power >= options.power) {
      end = middle;
      needed = {kSeedCounts[middle], power};
    } else {
      begin = middle + 1;
      if (!needed.per_cell) needed.power = power;
    }
  }
  return needed;
}

}  // namespace scgan::stats
