#include "core/data/subset.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/counter_rng.h"
#include "core/base/error.h"

namespace scgan {

int64_t subset_size(const DatasetSpec& spec, int64_t count) {
  if (spec.subset_images > count) {
    throw Error(
        ErrorKind::kInvalidSpec,
        fmt::format("data.subset_images {} are more than the {} training images of a domain",
                    spec.subset_images, count));
  }
  if (spec.subset_images > 0) return spec.subset_images;
  const double exact = static_cast<double>(count) * spec.percentage / 100;
  // Treat a value just below one half as one half: 12.5 % of 4 must not depend on rounding errors.
  const auto rounded = static_cast<int64_t>(std::floor(exact + 0.5 + 1e-9));
  return std::clamp<int64_t>(rounded, 1, count);
}

std::vector<int64_t> subset_indices(const DatasetSpec& spec, int64_t count, int64_t seed,
                                    int domain) {
  const auto key = static_cast<uint32_t>(spec.subset == SubsetMode::kSeeded ? seed : 0);
  const auto order = CounterRng(key, Purpose::kSubset)
                         .permutation(static_cast<uint32_t>(count), static_cast<uint32_t>(domain));
  std::vector<int64_t> chosen(order.begin(), order.begin() + subset_size(spec, count));
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace scgan
