#include "results/statistics/effect.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace scgan::stats {
namespace {

// A difference a - b within a cell. `a` and `b` are places in the Resampler's list.
struct Difference {
  double value = 0;
  uint32_t a = 0, b = 0;
};

// All differences within the cells, ascending. Of each cell, the list of the Resampler has the
// values of A, then those of B.
std::vector<Difference> all_differences(const std::vector<CellPair>& cells) {
  std::vector<Difference> differences;
  uint32_t start = 0;
  for (const CellPair& cell : cells) {
    const auto start_b = start + static_cast<uint32_t>(cell.a.size());
    for (uint32_t i = 0; i < cell.a.size(); ++i) {
      for (uint32_t j = 0; j < cell.b.size(); ++j) {
        differences.push_back({cell.a[i] - cell.b[j], start + i, start_b + j});
      }
    }
    start = start_b + static_cast<uint32_t>(cell.b.size());
  }
  std::ranges::sort(differences, {}, &Difference::value);
  return differences;
}

// Resampling keeps the sizes of the groups, so that there are always as many differences.
double median_difference(const std::vector<Difference>& differences,
                         std::span<const uint32_t> multiplicities) {
  const size_t upper = differences.size() / 2;
  const size_t lower = (differences.size() - 1) / 2;
  size_t passed = 0;
  double lower_value = 0;
  bool has_lower = false;
  for (const Difference& difference : differences) {
    passed += size_t{multiplicities[difference.a]} * multiplicities[difference.b];
    if (!has_lower && passed > lower) {
      lower_value = difference.value;
      has_lower = true;
    }
    if (passed > upper) return lower_value + (difference.value - lower_value) / 2;
  }
  return lower_value;
}

// Twice the number of pairs in which A is higher plus the number of equal pairs.
uint64_t doubled_u(const CellPair& cell, const uint32_t* a_counts, const uint32_t* b_counts) {
  uint64_t below = 0, doubled = 0;
  for (size_t i = 0, j = 0; i < cell.a.size(); ++i) {
    while (j < cell.b.size() && cell.b[j] < cell.a[i]) below += b_counts[j++];
    uint64_t equal = 0;
    for (size_t k = j; k < cell.b.size() && cell.b[k] == cell.a[i]; ++k) equal += b_counts[k];
    doubled += a_counts[i] * (2 * below + equal);
  }
  return doubled;
}

double mean_improvement(const std::vector<CellPair>& cells, Better better,
                        std::span<const uint32_t> multiplicities) {
  const uint32_t* counts = multiplicities.data();
  double sum = 0;
  for (const CellPair& cell : cells) {
    const uint64_t all = 2 * cell.a.size() * cell.b.size();
    const uint64_t higher = doubled_u(cell, counts, counts + cell.a.size());
    sum += static_cast<double>(better == Better::kHigher ? higher : all - higher) /
           static_cast<double>(all);
    counts += cell.a.size() + cell.b.size();
  }
  return sum / static_cast<double>(cells.size());
}

}  // namespace

std::optional<Effect> estimate_effect(std::span<const CellPair> cells, Better better,
                                      const BootstrapOptions& options) {
  const auto used = in_order(cells);
  if (!used) return std::nullopt;
  std::vector<size_t> sizes;
  for (const CellPair& cell : *used) {
    sizes.push_back(cell.a.size());
    sizes.push_back(cell.b.size());
  }
  Resampler resampler(sizes, options.seed);
  const std::vector<Difference> differences = all_differences(*used);
  Effect effect;
  effect.cells = used->size();
  effect.shift.value = median_difference(differences, resampler.observed());
  effect.improvement.value = mean_improvement(*used, better, resampler.observed());
  std::vector<double> shifts, improvements;
  for (uint32_t i = 0; i < options.resamples; ++i) {
    const auto multiplicities = resampler.draw(i);
    shifts.push_back(median_difference(differences, multiplicities));
    improvements.push_back(mean_improvement(*used, better, multiplicities));
  }
  const size_t smallest = std::ranges::min(sizes);
  effect.shift.interval = percentile_interval(shifts, options.confidence, smallest);
  effect.improvement.interval = percentile_interval(improvements, options.confidence, smallest);
  return effect;
}

}  // namespace scgan::stats
