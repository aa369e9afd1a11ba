#include "results/statistics/aggregate.h"

#include <algorithm>
#include <cstdint>

#include "core/base/stats.h"

namespace scgan::stats {
namespace {

std::vector<size_t> sizes_of(const std::vector<Sample>& cells) {
  std::vector<size_t> sizes;
  for (const Sample& cell : cells) sizes.push_back(cell.size());
  return sizes;
}

struct Placed {
  double value = 0;
  size_t place = 0;
};

// The mean without the lowest and highest floor(n / 4), each value as often as `counts` says; the
// counts add up to n.
double trimmed_mean(const std::vector<Placed>& ascending, std::span<const uint32_t> counts) {
  const size_t cut = ascending.size() / 4;
  const size_t end = ascending.size() - cut;
  size_t passed = 0;
  double sum = 0;
  for (const Placed& placed : ascending) {
    const size_t begin_here = std::clamp(passed, cut, end);
    passed += counts[placed.place];
    sum += static_cast<double>(std::clamp(passed, cut, end) - begin_here) * placed.value;
  }
  return sum / static_cast<double>(end - cut);
}

// Number of ascending values at or below tau if lower is better, below tau if higher is better.
size_t count_up_to(const Sample& ascending, double tau, Better better) {
  const auto end = better == Better::kLower ? std::ranges::upper_bound(ascending, tau)
                                            : std::ranges::lower_bound(ascending, tau);
  return static_cast<size_t>(end - ascending.begin());
}

class Profile {
 public:
  Profile(const std::vector<Sample>& cells, std::span<const double> taus, Better better)
      : cells_(cells), better_(better), tau_count_(taus.size()) {
    for (const Sample& cell : cells) {
      for (const double tau : taus) ends_.push_back(count_up_to(cell, tau, better));
    }
  }

  // The share at each tau.
  std::vector<double> shares(std::span<const uint32_t> counts) const {
    std::vector<double> shares(tau_count_);
    std::vector<uint32_t> sums;
    const uint32_t* count = counts.data();
    const size_t* end = ends_.data();
    for (const Sample& cell : cells_) {
      sums.assign(1, 0);
      for (size_t i = 0; i < cell.size(); ++i) sums.push_back(sums.back() + *count++);
      for (double& share : shares) {
        const uint32_t below = sums[*end++];
        share += static_cast<double>(better_ == Better::kLower ? below : sums.back() - below) /
                 static_cast<double>(cell.size());
      }
    }
    for (double& share : shares) share /= static_cast<double>(cells_.size());
    return shares;
  }

 private:
  const std::vector<Sample>& cells_;
  const Better better_;
  const size_t tau_count_;
  // Of each cell, of each tau.
  std::vector<size_t> ends_;
};

}  // namespace

std::optional<std::vector<Sample>> normalise(std::span<const CellPair> cells) {
  std::vector<Sample> normalised;
  for (const CellPair& cell : cells) {
    if (!all_finite(cell.a) || !all_finite(cell.b)) return std::nullopt;
    if (cell.a.empty() || cell.b.empty()) continue;
    const double centre = median(cell.b);
    if (!(centre > 0)) return std::nullopt;
    normalised.emplace_back();
    for (const double value : cell.a) normalised.back().push_back(value / centre);
  }
  if (normalised.empty()) return std::nullopt;
  return normalised;
}

std::optional<double> interquartile_mean(std::span<const double> values) {
  if (values.empty() || !all_finite(values)) return std::nullopt;
  std::vector<Placed> ascending;
  for (const double value : values) ascending.push_back({value, 0});
  std::ranges::sort(ascending, {}, &Placed::value);
  for (size_t i = 0; i < ascending.size(); ++i) ascending[i].place = i;
  return trimmed_mean(ascending, std::vector<uint32_t>(values.size(), 1));
}

std::optional<Estimate> estimate_iqm(std::span<const Sample> cells,
                                     const BootstrapOptions& options) {
  const auto used = in_order(cells);
  if (!used) return std::nullopt;
  std::vector<Placed> ascending;
  for (const Sample& cell : *used) {
    for (const double value : cell) ascending.push_back({value, ascending.size()});
  }
  std::ranges::stable_sort(ascending, {}, &Placed::value);
  const std::vector<size_t> sizes = sizes_of(*used);
  Resampler resampler(sizes, options.seed);
  Estimate estimate;
  estimate.value = trimmed_mean(ascending, resampler.observed());
  std::vector<double> means;
  for (uint32_t i = 0; i < options.resamples; ++i) {
    means.push_back(trimmed_mean(ascending, resampler.draw(i)));
  }
  estimate.interval = percentile_interval(means, options.confidence, std::ranges::min(sizes));
  return estimate;
}

std::optional<std::vector<ProfilePoint>> performance_profile(std::span<const Sample> cells,
                                                             std::span<const double> taus,
                                                             Better better,
                                                             const BootstrapOptions& options) {
  const auto used = in_order(cells);
  if (!used || !all_finite(taus)) return std::nullopt;
  const std::vector<size_t> sizes = sizes_of(*used);
  Resampler resampler(sizes, options.seed);
  const Profile profile(*used, taus, better);
  const std::vector<double> observed = profile.shares(resampler.observed());
  std::vector<std::vector<double>> resampled(taus.size());
  for (uint32_t i = 0; i < options.resamples; ++i) {
    const std::vector<double> shares = profile.shares(resampler.draw(i));
    for (size_t t = 0; t < taus.size(); ++t) resampled[t].push_back(shares[t]);
  }
  std::vector<ProfilePoint> points;
  for (size_t t = 0; t < taus.size(); ++t) {
    points.push_back({taus[t],
                      {observed[t], percentile_interval(resampled[t], options.confidence,
                                                        std::ranges::min(sizes))}});
  }
  return points;
}

}  // namespace scgan::stats
