#include "core/image/scaling.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <span>

#include "core/base/error.h"

namespace scgan {
namespace {

constexpr size_t kHalf = 65536;  // number of 16-bit values
constexpr std::array<const char*, 3> kChannelNames{"red", "green", "blue"};

// Maps floats to integers in the same order.
uint32_t key_of(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  return (bits >> 31) != 0 ? ~bits : bits | 0x80000000U;
}
float value_of(uint32_t key) {
  return std::bit_cast<float>((key >> 31) != 0 ? key & 0x7fffffffU : ~key);
}

int64_t sum(const std::vector<int64_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), int64_t{0});
}

// The bin that contains the value of a 0-based rank, and the value's rank within that bin.
struct Place {
  size_t bin = 0;
  int64_t rank = 0;
};
// Throws when there are too few values: then the second pass over floats saw different ones.
Place place_of(std::span<const int64_t> counts, int64_t rank) {
  for (size_t bin = 0; bin < counts.size(); rank -= counts[bin++]) {
    if (rank < counts[bin]) return {bin, rank};
  }
  throw Error(ErrorKind::kData, "the images were changed while they were being read");
}

// The position of a percentile between two neighbours of `count` sorted values.
struct Position {
  // Ranks of the two neighbours.
  int64_t below = 0, above = 0;
  // Weight of the upper neighbour.
  double share = 0;
};
Position position_of(double percent, int64_t count) {
  const double place = percent / 100 * static_cast<double>(count - 1);
  const auto below = static_cast<int64_t>(std::floor(place));
  return {below, std::min(below + 1, count - 1), place - static_cast<double>(below)};
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

ChannelRanges full_range(int64_t bits) {
  const double high = bits == 8 ? 255 : bits == 16 ? 65535 : 1;
  return {{{0, high}, {0, high}, {0, high}}};
}

size_t RawHistogram::size_of_counts(size_t channel) const {
  return fine_ ? targets_[channel].size() * kHalf : kHalf;
}

template <typename Value>
void RawHistogram::count(const Value* values, int64_t pixels, size_t channel,
                         std::vector<int64_t>& counts) {
  if (bits_ != 32) {
    for (int64_t i = 0; i < pixels; ++i) ++counts[static_cast<size_t>(values[i])];
  } else if (!fine_) {
    for (int64_t i = 0; i < pixels; ++i) ++counts[key_of(values[i]) >> 16];
  } else {
    const std::vector<size_t>& targets = targets_[channel];
    for (int64_t i = 0; i < pixels; ++i) {
      const uint32_t key = key_of(values[i]);
      for (size_t target = 0; target < targets.size(); ++target) {
        if (targets[target] == key >> 16) ++counts[target * kHalf + (key & 0xffffU)];
      }
    }
  }
}

void RawHistogram::add(const at::Tensor& image, const ChannelsPresent& present) {
  Counts* counts = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) idle_.push_back(all_.emplace_back(std::make_unique<Counts>()).get());
    counts = idle_.back();
    idle_.pop_back();
  }
  const at::Tensor whole = image.contiguous();
  const int64_t pixels = whole.size(1) * whole.size(2);
  for (size_t c = 0; c < 3; ++c) {
    if (!present[c]) continue;
    (*counts)[c].resize(size_of_counts(c));
    const int64_t first = static_cast<int64_t>(c) * pixels;
    if (whole.scalar_type() == at::kByte) {
      count(whole.const_data_ptr<uint8_t>() + first, pixels, c, (*counts)[c]);
    } else {
      count(whole.const_data_ptr<float>() + first, pixels, c, (*counts)[c]);
    }
  }
  const std::lock_guard lock(mutex_);
  idle_.push_back(counts);
}

RawHistogram::Counts RawHistogram::merged() const {
  Counts total;
  for (size_t c = 0; c < 3; ++c) {
    total[c].resize(size_of_counts(c));
    for (const auto& counts : all_) {
      for (size_t i = 0; i < (*counts)[c].size(); ++i) total[c][i] += (*counts)[c][i];
    }
  }
  return total;
}

bool RawHistogram::needs_another_pass(double low, double high) {
  if (bits_ != 32 || fine_) return false;
  coarse_ = merged();
  all_.clear();
  idle_.clear();
  fine_ = true;
  for (size_t c = 0; c < 3; ++c) {
    const int64_t values = sum(coarse_[c]);
    if (values == 0) continue;
    std::vector<size_t>& targets = targets_[c];
    for (const double percent : {low, high}) {
      const Position position = position_of(percent, values);
      targets.push_back(place_of(coarse_[c], position.below).bin);
      targets.push_back(place_of(coarse_[c], position.above).bin);
    }
    std::sort(targets.begin(), targets.end());
    targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
  }
  return true;
}

double RawHistogram::order_statistic(const Counts& coarse, const Counts& exact, size_t channel,
                                     int64_t rank) const {
  const Place upper = place_of(coarse[channel], rank);
  if (!fine_) return static_cast<double>(upper.bin);
  const auto& targets = targets_[channel];
  const auto target = std::find(targets.begin(), targets.end(), upper.bin);
  TORCH_INTERNAL_ASSERT(target != targets.end());
  const auto first = static_cast<size_t>(target - targets.begin()) * kHalf;
  const Place lower = place_of(std::span(exact[channel]).subspan(first, kHalf), upper.rank);
  return value_of(static_cast<uint32_t>(upper.bin * kHalf + lower.bin));
}

ChannelRanges RawHistogram::percentiles(double low, double high) const {
  TORCH_INTERNAL_ASSERT(bits_ != 32 || fine_);
  const Counts exact = merged();
  const Counts& coarse = fine_ ? coarse_ : exact;
  ChannelRanges ranges = full_range(bits_);
  for (size_t c = 0; c < 3; ++c) {
    const int64_t values = sum(coarse[c]);
    if (values == 0) continue;
    const auto percentile = [&](double percent) {
      const Position position = position_of(percent, values);
      const double below = order_statistic(coarse, exact, c, position.below);
      const double above = order_statistic(coarse, exact, c, position.above);
      return below + position.share * (above - below);
    };
    ranges[c] = {percentile(low), percentile(high)};
    if (ranges[c][1] > ranges[c][0]) continue;
    throw Error(ErrorKind::kData,
                fmt::format("data.scaling percentile: the {} channel of the training images has "
                            "the value {:g} both at {:g} % and at {:g} %, so it cannot be "
                            "stretched; widen data.percentile_low and data.percentile_high{}",
                            kChannelNames[c], ranges[c][0], low, high,
                            bits_ == 32 ? "" : ", or take data.scaling: dtype"));
  }
  return ranges;
}

at::Tensor scale_to_grey_levels(const at::Tensor& image, const ChannelRanges& ranges,
                                const ChannelsPresent& present) {
  const at::Tensor whole = image.contiguous();
  const int64_t pixels = whole.size(1) * whole.size(2);
  at::Tensor scaled = at::empty(whole.sizes(), at::kFloat);
  for (size_t c = 0; c < 3; ++c) {
    const int64_t first = static_cast<int64_t>(c) * pixels;
    float* to = scaled.mutable_data_ptr<float>() + first;
    if (!present[c]) {
      std::fill(to, to + pixels, 0.F);
    } else if (whole.scalar_type() == at::kByte) {
      scale_plane(whole.const_data_ptr<uint8_t>() + first, pixels, ranges[c], to);
    } else {
      scale_plane(whole.const_data_ptr<float>() + first, pixels, ranges[c], to);
    }
  }
  return scaled;
}

}  // namespace scgan
