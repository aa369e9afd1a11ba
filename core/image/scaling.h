// Scales raw pixel values to grey levels: determines which raw values become black and white.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace scgan {

// [low, high] per channel, in raw values.
using ChannelRanges = std::array<std::array<double, 2>, 3>;

// Which of the three channels an image has. The missing channels are black.
using ChannelsPresent = std::array<bool, 3>;
inline constexpr ChannelsPresent kAllChannels{true, true, true};

// Returns [0, largest value of the type] for 8 and 16 bits, and [0, 1] for float, which has no such
// range.
ChannelRanges full_range(int64_t bits);

// Computes exact percentiles per channel of any number of images without storing them: counts how
// often each raw value occurs. Float images have too many distinct values for that, so they must be
// added in two passes. The first pass counts the upper halves of their bit patterns, the second one
// the lower halves in the few bins that contain the percentiles:
//
//   do { for (every image) histogram.add(image); } while (histogram.needs_another_pass(low, high));
class RawHistogram {
 public:
  // All images must have the same depth, `bits` per channel: 8, 16 or 32 (float).
  explicit RawHistogram(int64_t bits = 16) : bits_(bits) {}

  // Adds image [3, H, W] as returned by decode_image of core/image/image_file.h. Channels that are
  // not present are ignored. May be called from any thread.
  void add(const at::Tensor& image, const ChannelsPresent& present = kAllChannels);

  // Ends a pass over all images and returns whether they must be added again to compute the
  // percentiles `low` and `high`. For 8 and 16 bits it returns false, and the call is not needed.
  bool needs_another_pass(double low, double high);

  // Returns the percentiles `low` and `high` (0 ... 100, linear between order statistics: type 7,
  // NumPy's default) per channel. For floats, both must be those passed to needs_another_pass(). A
  // channel that is not present in any image gets full_range. Throws Error(kData) naming the
  // channel when both percentiles are equal, and Error(kData) when the two passes over floats saw
  // different images.
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
  // The counts of this pass, one for each thread that adds images at the same time.
  std::vector<std::unique_ptr<Counts>> all_;
  // Those of all_ that no thread is using.
  std::vector<Counts*> idle_;
  // Set during the second pass over floats.
  bool fine_ = false;
  // Floats: the counts of the first pass.
  Counts coarse_;
  // Floats, second pass: the upper halves that contain a percentile, ascending. Each has 65536
  // counts.
  std::array<std::vector<size_t>, 3> targets_;
};

// Returns clip((v - low) / (high - low)) * 255 as float32, per channel. `image` and `present` are
// as in RawHistogram::add().
at::Tensor scale_to_grey_levels(const at::Tensor& image, const ChannelRanges& ranges,
                                const ChannelsPresent& present = kAllChannels);

}  // namespace scgan
