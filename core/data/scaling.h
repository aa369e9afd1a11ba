// From raw values to grey levels: which raw values become black and white.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <mutex>
#include <vector>

namespace scgan {

using ChannelRanges = std::array<std::array<double, 2>, 3>;  // [low, high] per channel, raw values

// How often each raw value occurs in each channel of any number of images: exact percentiles
// without keeping the images.
class RawHistogram {
 public:
  // image [3, H, W], uint8 or float32 holding 0 ... 65535 as integers. From any thread.
  void add(const at::Tensor& image);

  // Percentiles (0 ... 100, linear between order statistics: type 7, NumPy's default) per channel.
  // Throws Error(kData) naming the channel when low and high come out equal.
  ChannelRanges percentiles(double low, double high) const;

 private:
  using Counts = std::array<std::vector<int64_t>, 3>;  // 65536 each

  std::mutex mutex_;
  Counts counts_;
};

// clip((v - low) / (high - low)) * 255 as float32, per channel of an image as above.
at::Tensor scale_to_grey_levels(const at::Tensor& image, const ChannelRanges& ranges);

}  // namespace scgan
