// What a user should know of a data set before trusting scores: images that are in two splits,
// channels that are one picture, ranges of values that leave little to see.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/data/field_of_view.h"
#include "core/image/raw_image.h"
#include "core/spec/run_spec.h"

namespace scgan {

// What data_notes() needs to know of an image.
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

// "16-bit grey images of 512 x 512 to 1024 x 1024 pixels, nearly all values from 80 to 4080".
std::string description_of(const std::vector<ImageFacts>& facts);

// Sentences, each on a line of its own; empty if nothing was noticed. `facts` are those of
// `fields`. Fields of test splits that are the training images by request (data.test_split train)
// are ignored.
std::vector<std::string> data_notes(const DatasetSpec& spec, const std::vector<FieldOfView>& fields,
                                    const std::vector<ImageFacts>& facts);

}  // namespace scgan
