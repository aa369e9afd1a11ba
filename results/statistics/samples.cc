#include "results/statistics/samples.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace scgan::stats {

bool all_finite(std::span<const double> values) {
  return std::ranges::all_of(values, [](double value) { return std::isfinite(value); });
}

std::optional<std::vector<Sample>> in_order(std::span<const Sample> cells) {
  std::vector<Sample> result;
  for (const Sample& cell : cells) {
    if (!all_finite(cell)) return std::nullopt;
    if (cell.empty()) continue;
    result.push_back(cell);
    std::ranges::sort(result.back());
  }
  if (result.empty()) return std::nullopt;
  std::ranges::sort(result);
  return result;
}

std::optional<std::vector<CellPair>> in_order(std::span<const CellPair> cells) {
  std::vector<CellPair> result;
  for (const CellPair& cell : cells) {
    if (!all_finite(cell.a) || !all_finite(cell.b)) return std::nullopt;
    if (cell.a.empty() || cell.b.empty()) continue;
    result.push_back(cell);
    std::ranges::sort(result.back().a);
    std::ranges::sort(result.back().b);
  }
  if (result.empty()) return std::nullopt;
  std::ranges::sort(result, [](const CellPair& x, const CellPair& y) {
    return std::tie(x.a, x.b) < std::tie(y.a, y.b);
  });
  return result;
}

}  // namespace scgan::stats
