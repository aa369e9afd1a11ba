// What the notes on a data set need to know of each image.
#pragma once

#include <array>
#include <cstdint>

#include "core/image/raw_image.h"

namespace scgan {

struct ImageFacts {
  // Checksums of the pixels of each channel. Files that decode to the same pixels have the same.
  std::array<uint64_t, 3> channels{};
  ChannelsPresent present = kAllChannels;
  int64_t bits = 8;
  int64_t planes = 3;  // 1: grey
  // 0 if the image could not be read.
  int64_t height = 0, width = 0;
  // Per channel, raw values: 0.1 % of the pixels are below low, 0.1 % above high. Floats: 0.
  std::array<double, 3> low{}, high{};
};

ImageFacts facts_of(const RawImage& image);

}  // namespace scgan
