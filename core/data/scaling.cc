#include "core/data/scaling.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/error.h"

namespace scgan {
namespace {

constexpr size_t kLevels = 65536;
constexpr std::array<const char*, 3> kChannelNames{"red", "green", "blue"};

// The value at a 0-based rank of the sorted pixels.
double order_statistic(const std::vector<int64_t>& counts, int64_t rank) {
  int64_t seen = 0;
  for (size_t level = 0; level < counts.size(); ++level) {
    seen += counts[level];
    if (seen > rank) return static_cast<double>(level);
  }
  return kLevels - 1;
}

double percentile(const std::vector<int64_t>& counts, double percent) {
  const int64_t last = std::accumulate(counts.begin(), counts.end(), int64_t{0}) - 1;
  const double position = percent / 100 * static_cast<double>(last);
  const auto below = static_cast<int64_t>(std::floor(position));
  const double low = order_statistic(counts, below);
  const double high = order_statistic(counts, std::min(below + 1, last));
  return low + (position - static_cast<double>(below)) * (high - low);
}

template <typename Value>
void count_plane(const Value* values, int64_t pixels, std::vector<int64_t>& counts) {
  for (int64_t i = 0; i < pixels; ++i) ++counts[static_cast<size_t>(values[i])];
}

template <typename Value>
void scale_plane(const Value* values, int64_t pixels, const std::array<double, 2>& range,
                 float* to) {
  const double factor = 1 / (range[1] - range[0]);
  for (int64_t i = 0; i < pixels; ++i) {
    const double share = (static_cast<double>(values[i]) - range[0]) * factor;
    to[i] = static_cast<float>(std::clamp(share, 0.0, 1.0) * 255);
  }
}

}  // namespace

void RawHistogram::add(const at::Tensor& image) {
  const at::Tensor whole = image.contiguous();
  const int64_t pixels = whole.size(1) * whole.size(2);
  Counts counts;
  for (size_t c = 0; c < 3; ++c) {
    counts[c].resize(kLevels);
    const int64_t first = static_cast<int64_t>(c) * pixels;
    if (whole.scalar_type() == at::kByte) {
      count_plane(whole.const_data_ptr<uint8_t>() + first, pixels, counts[c]);
    } else {
      count_plane(whole.const_data_ptr<float>() + first, pixels, counts[c]);
    }
  }
  const std::lock_guard lock(mutex_);
  for (size_t c = 0; c < 3; ++c) {
    counts_[c].resize(kLevels);
    for (size_t level = 0; level < kLevels; ++level) counts_[c][level] += counts[c][level];
  }
}

ChannelRanges RawHistogram::percentiles(double low, double high) const {
  ChannelRanges ranges{};
  for (size_t c = 0; c < 3; ++c) {
    ranges[c] = {percentile(counts_[c], low), percentile(counts_[c], high)};
    if (!(ranges[c][1] > ranges[c][0])) {
      throw Error(
          ErrorKind::kData,
          fmt::format("data.scaling percentile: the {} channel of the training images has the "
                      "value {:g} both at {:g} % and at {:g} %, so it cannot be stretched; "
                      "widen data.percentile_low and data.percentile_high, or take "
                      "data.scaling: dtype",
                      kChannelNames[c], ranges[c][0], low, high));
    }
  }
  return ranges;
}

at::Tensor scale_to_grey_levels(const at::Tensor& image, const ChannelRanges& ranges) {
  const at::Tensor whole = image.contiguous();
  const int64_t pixels = whole.size(1) * whole.size(2);
  at::Tensor scaled = at::empty(whole.sizes(), at::kFloat);
  for (size_t c = 0; c < 3; ++c) {
    const int64_t first = static_cast<int64_t>(c) * pixels;
    float* to = scaled.mutable_data_ptr<float>() + first;
    if (whole.scalar_type() == at::kByte) {
      scale_plane(whole.const_data_ptr<uint8_t>() + first, pixels, ranges[c], to);
    } else {
      scale_plane(whole.const_data_ptr<float>() + first, pixels, ranges[c], to);
    }
  }
  return scaled;
}

}  // namespace scgan
