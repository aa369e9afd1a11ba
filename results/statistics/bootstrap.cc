#include "results/statistics/bootstrap.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "core/base/stats.h"

namespace scgan::stats {

Resampler::Resampler(std::span<const size_t> group_sizes, uint32_t seed)
    : group_sizes_(group_sizes.begin(), group_sizes.end()),
      rng_(seed, Purpose::kBootstrap),
      multiplicities_(std::accumulate(group_sizes.begin(), group_sizes.end(), size_t{0})) {}

std::span<const uint32_t> Resampler::draw(uint32_t resample) {
  std::ranges::fill(multiplicities_, 0);
  uint32_t* values = multiplicities_.data();
  for (uint32_t group = 0; group < group_sizes_.size(); ++group) {
    const size_t size = group_sizes_[group];
    for (size_t i = 0; i < size; i += 4) {
      const auto words = rng_.block(resample, static_cast<uint32_t>(i / 4), group);
      for (size_t j = 0; j < std::min<size_t>(4, size - i); ++j) {
        ++values[(uint64_t{words[j]} * size) >> 32];
      }
    }
    values += size;
  }
  return multiplicities_;
}

std::span<const uint32_t> Resampler::observed() {
  std::ranges::fill(multiplicities_, 1);
  return multiplicities_;
}

Interval percentile_interval(std::span<const double> estimates, double confidence,
                             size_t smallest_group) {
  return {quantile(estimates, (1 - confidence) / 2), quantile(estimates, (1 + confidence) / 2),
          smallest_group < kMinForInterval};
}

}  // namespace scgan::stats
