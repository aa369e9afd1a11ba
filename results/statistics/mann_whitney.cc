#include "results/statistics/mann_whitney.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <utility>
#include <vector>

#include "results/statistics/lattice.h"

namespace scgan::stats {
namespace {

// Twice the deviation of U, which counts the pairs in which A is higher, and its distribution.
struct CellStatistic {
  int64_t deviation = 0;
  Lattice distribution;
  size_t values = 0;
};

CellStatistic cell_statistic(const CellPair& cell) {
  const auto n_a = static_cast<int64_t>(cell.a.size());
  std::vector<double> values = cell.a;
  values.insert(values.end(), cell.b.begin(), cell.b.end());
  std::vector<int64_t> ranks = doubled_midranks(values);
  int64_t rank_sum = 0;
  for (size_t i = 0; i < cell.a.size(); ++i) rank_sum += ranks[i];
  // The doubled ranks of A have the expectation n_a (n + 1).
  const int64_t expected = n_a * (static_cast<int64_t>(values.size()) + 1);
  return {rank_sum - expected, scaled(subset_sum(std::move(ranks), cell.a.size()), 1, -expected),
          values.size()};
}

bool is_usable(const Sample& values) {
  return values.size() <= kMaxGroupSize && all_finite(values);
}

}  // namespace

std::optional<TestResult> mann_whitney(const CellPair& cell, Better better) {
  return stratified_mann_whitney(std::span(&cell, 1), better);
}

std::optional<TestResult> stratified_mann_whitney(std::span<const CellPair> cells, Better better) {
  std::vector<CellStatistic> statistics;
  size_t most_values = 0;
  for (const CellPair& cell : cells) {
    if (!is_usable(cell.a) || !is_usable(cell.b)) return std::nullopt;
    if (cell.a.empty() || cell.b.empty()) continue;
    statistics.push_back(cell_statistic(cell));
    most_values = std::max(most_values, statistics.back().values);
  }
  if (statistics.empty()) return std::nullopt;
  int64_t doubled = 0;
  std::vector<Lattice> distributions;
  for (CellStatistic& cell : statistics) {
    const int64_t times = rounded_weight(cell.values, most_values);
    doubled += times * cell.deviation;
    distributions.push_back(scaled(std::move(cell.distribution), times, 0));
  }
  const int64_t in_favour_of_a = better == Better::kHigher ? doubled : -doubled;
  const TwoSided tail = two_sided(std::move(distributions), std::abs(doubled));
  return TestResult{tail.p, tail.floor, static_cast<double>(in_favour_of_a) / 2, statistics.size()};
}

}  // namespace scgan::stats
