#include "results/statistics/samples.h"

#include <algorithm>
#include <cmath>

namespace scgan::stats {

bool all_finite(std::span<const double> values) {
  return std::ranges::all_of(values, [](double value) { return std::isfinite(value); });
}

}  // namespace scgan::stats
