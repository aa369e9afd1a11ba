#include "core/data/image_facts.h"

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "core/base/checksum.h"

namespace scgan {
namespace {

// Of the pixels of an image, at each end: hot pixels and dust are not counted.
constexpr double kIgnoredShare = 0.001;

template <typename Value>
std::pair<double, double> low_and_high(const Value* values, int64_t pixels) {
  std::vector<int64_t> counts(size_t{1} << 16);
  for (int64_t i = 0; i < pixels; ++i) ++counts[static_cast<size_t>(values[i])];
  const auto ignored = static_cast<int64_t>(kIgnoredShare * static_cast<double>(pixels));
  const auto end_of = [ignored](auto first, auto last) {
    int64_t seen = 0;
    return std::find_if(first, last, [&](int64_t count) { return (seen += count) > ignored; });
  };
  const auto low = end_of(counts.begin(), counts.end()) - counts.begin();
  const auto high = counts.rend() - end_of(counts.rbegin(), counts.rend()) - 1;
  return {static_cast<double>(low), static_cast<double>(high)};
}

}  // namespace

ImageFacts facts_of(const RawImage& image) {
  ImageFacts facts{.present = image.present,
                   .bits = image.bits,
                   .planes = image.planes,
                   .height = image.pixels.size(1),
                   .width = image.pixels.size(2)};
  const at::Tensor pixels = image.pixels.contiguous();
  const int64_t count = pixels.size(1) * pixels.size(2);
  const auto bytes = static_cast<size_t>(count) * pixels.element_size();
  const auto* const first = static_cast<const std::byte*>(pixels.const_data_ptr());
  for (size_t c = 0; c < 3; ++c) {
    // The size is part of the pixels: 2 x 8 is not 4 x 4.
    facts.channels[c] = checksum(first + c * bytes, bytes) ^ static_cast<uint64_t>(pixels.size(1));
    if (image.bits == 8) {
      std::tie(facts.low[c], facts.high[c]) =
          low_and_high(pixels.const_data_ptr<uint8_t>() + static_cast<int64_t>(c) * count, count);
    } else if (image.bits == 16) {
      std::tie(facts.low[c], facts.high[c]) =
          low_and_high(pixels.const_data_ptr<float>() + static_cast<int64_t>(c) * count, count);
    }
  }
  return facts;
}

}  // namespace scgan
