// From raw values to grey levels: which raw values become black and white.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace scgan {

using ChannelRanges = std::array<std::array<double, 2>, 3>;  // [low, high] per channel, raw values

// Which of the three channels an image has; those it does not have are black.
using ChannelsPresent = std::array<bool, 3>;
inline constexpr ChannelsPresent kAllChannels{true, true, true};

// 0 ... the type's largest value, for 8 or 16 bits. Float has no such range: 0 ... 1.
ChannelRanges full_range(int64_t bits);

// Exact percentiles per channel of any number of images without keeping them: counts how often each
// raw value occurs. Float images have too many values to count each; they are added twice. First
// the upper halves of their bit patterns are counted, then the lower halves in the few bins
// that hold the percentiles:
//
//   do { for (every image) histogram.add(image); } while (histogram.needs_another_pass(low, high));
class RawHistogram {
 public:
  // Of images of 8, 16 or 32 (float) bits per channel, all of one depth.
  explicit RawHistogram(int64_t bits = 16) : bits_(bits) {}

  // image [3, H, W] as decode_image of core/image/image_file.h returns it; channels that are not
  // there do not count. From any thread.
  void add(const at::Tensor& image, const ChannelsPresent& present = kAllChannels);

  // Ends a pass over all images. Always false for 8 and 16 bits, which need not ask.
  bool needs_another_pass(double low, double high);

  // Percentiles (0 ... 100, linear between order statistics: type 7, NumPy's default) per channel;
  // of floats only those asked for before the second pass. A channel that no image has gets
  // full_range. Throws Error(kData) naming the channel when low and high come out equal, and
  // when the second pass over floats saw other images than the first.
  ChannelRanges percentiles(double low, double high) const;

 private:
  using Counts = std::array<std::vector<int64_t>, 3>;

  double order_statistic(const Counts& coarse, const Counts& exact, size_t channel,
                         int64_t rank) const;
  size_t size_of_counts(size_t channel) const;
  template <typename Value>
  void count(const Value* values, int64_t pixels, size_t channel, std::vector<int64_t>& counts);
  Counts merged() const;

  int64_t bits_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Counts>> all_;  // of this pass, one per thread that ever added
  std::vector<Counts*> idle_;                 // those that no thread is filling
  bool fine_ = false;                         // floats, in the second pass
  Counts coarse_;                             // floats: of the first pass
  // Floats, second pass: upper halves that hold a percentile, ascending; 65536 counts for each.
  std::array<std::vector<size_t>, 3> targets_;
};

// clip((v - low) / (high - low)) * 255 as float32, per channel of an image as above.
at::Tensor scale_to_grey_levels(const at::Tensor& image, const ChannelRanges& ranges,
                                const ChannelsPresent& present = kAllChannels);

}  // namespace scgan
