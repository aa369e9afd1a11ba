#include "results/statistics/mann_whitney.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <tuple>
#include <utility>
#include <vector>

#include "results/statistics/lattice.h"
#include "results/statistics/memo.h"

namespace scgan::stats {
namespace {

// One cell. Ranks are doubled.
struct CellRanks {
  // Twice the deviation of U, which counts the pairs in which A is higher.
  int64_t deviation = 0;
  std::vector<int64_t> ranks;
  size_t n_a = 0;

  // The doubled ranks of A have the expectation n_a (n + 1).
  int64_t expected() const { return static_cast<int64_t>(n_a * (ranks.size() + 1)); }
  // Of the deviation, when each choice of n_a of the ranks is equally likely.
  double variance() const;
  // Logarithm of the number of choices.
  double log_choices() const;
};

CellRanks ranks_of(const CellPair& cell) {
  std::vector<double> values = cell.a;
  values.insert(values.end(), cell.b.begin(), cell.b.end());
  CellRanks result{0, doubled_midranks(values), cell.a.size()};
  for (size_t i = 0; i < cell.a.size(); ++i) result.deviation += result.ranks[i];
  result.deviation -= result.expected();
  return result;
}

// Lehmann, Nonparametrics (1975), appendix, of a sample from a finite population.
double CellRanks::variance() const {
  const auto n = static_cast<double>(ranks.size()), a = static_cast<double>(n_a);
  double squares = 0;
  for (const int64_t rank : ranks) squares += std::pow(static_cast<double>(rank) - (n + 1), 2);
  return a * (n - a) / (n * (n - 1)) * squares;
}

double CellRanks::log_choices() const {
  const auto n = static_cast<double>(ranks.size()), a = static_cast<double>(n_a);
  return std::lgamma(n + 1) - std::lgamma(a + 1) - std::lgamma(n - a + 1);
}

// All that decides a cell's null distribution: sorted ranks, n_a, weight.
using CellDesign = std::tuple<std::vector<int64_t>, size_t, int64_t>;

SumDistribution distribution_of(const std::vector<CellDesign>& cells) {
  std::vector<Lattice> lattices;
  for (const auto& [ranks, n_a, weight] : cells) {
    const auto expected = static_cast<int64_t>(n_a * (ranks.size() + 1));
    lattices.push_back(scaled(scaled(subset_sum(ranks, n_a), 1, -expected), weight, 0));
  }
  return SumDistribution(std::move(lattices));
}

TwoSided exact_test(std::vector<CellRanks> cells, const std::vector<int64_t>& weights,
                    int64_t distance) {
  static Memo<std::vector<CellDesign>, SumDistribution> memo;
  std::vector<CellDesign> designs;
  for (size_t i = 0; i < cells.size(); ++i) {
    std::ranges::sort(cells[i].ranks);
    designs.emplace_back(std::move(cells[i].ranks), cells[i].n_a, weights[i]);
  }
  std::ranges::sort(designs);
  return memo.get(designs, distribution_of)->two_sided(distance);
}

TwoSided normal_test(const std::vector<CellRanks>& cells, const std::vector<int64_t>& weights,
                     int64_t distance) {
  double variance = 0, log_choices = 0;
  for (size_t i = 0; i < cells.size(); ++i) {
    const auto weight = static_cast<double>(weights[i]);
    variance += weight * weight * cells[i].variance();
    log_choices += cells[i].log_choices();
  }
  // Doubled rank sums without ties are 2 apart.
  const auto half_step = static_cast<double>(std::ranges::min(weights));
  return two_sided_normal(static_cast<double>(distance), variance, half_step, -log_choices);
}

}  // namespace

std::optional<TestResult> mann_whitney(const CellPair& cell, Better better) {
  return stratified_mann_whitney(std::span(&cell, 1), better);
}

std::optional<TestResult> stratified_mann_whitney(std::span<const CellPair> cells, Better better) {
  std::vector<CellRanks> ranked;
  size_t most_values = 0, largest_group = 0;
  for (const CellPair& cell : cells) {
    if (!all_finite(cell.a) || !all_finite(cell.b)) return std::nullopt;
    if (cell.a.empty() || cell.b.empty()) continue;
    ranked.push_back(ranks_of(cell));
    most_values = std::max(most_values, ranked.back().ranks.size());
    largest_group = std::max({largest_group, cell.a.size(), cell.b.size()});
  }
  if (ranked.empty()) return std::nullopt;
  std::vector<int64_t> weights;
  int64_t doubled = 0;
  for (const CellRanks& cell : ranked) {
    weights.push_back(rounded_weight(cell.ranks.size(), most_values));
    doubled += weights.back() * cell.deviation;
  }
  const size_t count = ranked.size();
  const TwoSided tail = largest_group <= kMaxExactGroup
                            ? exact_test(std::move(ranked), weights, std::abs(doubled))
                            : normal_test(ranked, weights, std::abs(doubled));
  const int64_t in_favour_of_a = better == Better::kHigher ? doubled : -doubled;
  return TestResult{tail.p, tail.floor, static_cast<double>(in_favour_of_a) / 2, count};
}

}  // namespace scgan::stats
