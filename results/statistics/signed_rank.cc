#include "results/statistics/signed_rank.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <numbers>
#include <utility>
#include <vector>

#include "results/statistics/lattice.h"

namespace scgan::stats {
namespace {

// Signs and scores of one cell's differences other than zero.
struct SignedScores {
  std::vector<bool> is_positive;
  std::vector<int64_t> scores;
};

std::optional<std::vector<SignedScores>> signs_of(std::span<const Sample> cells, bool by_rank) {
  std::vector<SignedScores> result;
  for (const Sample& cell : cells) {
    if (!all_finite(cell)) return std::nullopt;
    if (cell.empty()) continue;
    SignedScores signs;
    std::vector<double> absolute;
    for (const double difference : cell) {
      if (difference == 0) continue;
      signs.is_positive.push_back(difference > 0);
      absolute.push_back(std::abs(difference));
    }
    signs.scores =
        by_rank ? doubled_midranks(absolute) : std::vector<int64_t>(absolute.size(), int64_t{1});
    result.push_back(std::move(signs));
  }
  if (result.empty()) return std::nullopt;
  return result;
}

struct SignedTotal {
  // Scores of the positive minus scores of the negative differences.
  int64_t observed = 0;
  // Of cells of at most kMaxExactGroup differences; empty if one is larger.
  std::vector<Lattice> distributions;
  double variance = 0;
  size_t cells = 0, differences = 0;
};

SignedTotal total_of(const std::vector<SignedScores>& cells, bool is_weighted) {
  size_t largest = 0;
  for (const SignedScores& cell : cells) largest = std::max(largest, cell.scores.size());
  SignedTotal total;
  for (const SignedScores& cell : cells) {
    const int64_t weight = is_weighted ? rounded_weight(cell.scores.size(), largest) : 1;
    for (size_t i = 0; i < cell.scores.size(); ++i) {
      total.observed += weight * (cell.is_positive[i] ? cell.scores[i] : -cell.scores[i]);
    }
    for (const int64_t score : cell.scores) {
      total.variance += std::pow(static_cast<double>(weight * score), 2);
    }
    total.differences += cell.scores.size();
    if (largest <= kMaxExactGroup) {
      total.distributions.push_back(scaled(signed_sum(cell.scores), weight, 0));
    }
  }
  total.cells = cells.size();
  return total;
}

// `unit`: what one more score on the better side, and one less on the worse, adds to `observed`.
TestResult result_of(SignedTotal total, Better better, int64_t unit) {
  const int64_t in_favour = better == Better::kHigher ? total.observed : -total.observed;
  const int64_t distance = std::abs(total.observed);
  const TwoSided tail =
      total.distributions.empty()
          ? two_sided_normal(static_cast<double>(distance), total.variance,
                             static_cast<double>(unit) / 2,
                             -static_cast<double>(total.differences) * std::numbers::ln2)
          : SumDistribution(std::move(total.distributions)).two_sided(distance);
  return {tail.p, tail.floor, static_cast<double>(in_favour) / static_cast<double>(unit),
          total.cells};
}

}  // namespace

std::optional<Sample> paired_differences(std::span<const double> a, std::span<const double> b) {
  if (a.size() != b.size()) return std::nullopt;
  Sample differences;
  for (size_t i = 0; i < a.size(); ++i) differences.push_back(a[i] - b[i]);
  return differences;
}

Sample differences_from(double constant, std::span<const double> values) {
  Sample differences;
  for (const double value : values) differences.push_back(value - constant);
  return differences;
}

std::optional<TestResult> signed_rank_test(std::span<const Sample> cells, Better better) {
  const auto signs = signs_of(cells, true);
  if (!signs) return std::nullopt;
  return result_of(total_of(*signs, true), better, 4);
}

std::optional<TestResult> sign_test(std::span<const Sample> cells, Better better) {
  const auto signs = signs_of(cells, false);
  if (!signs) return std::nullopt;
  return result_of(total_of(*signs, false), better, 2);
}

}  // namespace scgan::stats
