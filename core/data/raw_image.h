// One field as its files hold it, before scaling and resizing.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "core/data/field.h"
#include "core/data/scaling.h"
#include "core/spec/run_spec.h"

namespace scgan {

struct RawImage {
  at::Tensor pixels;  // [3, H, W] as decode_image of core/data/image_file.h gives it
  int64_t bits = 8;
  int64_t planes = 3;  // 1: the three channels are equal
  ChannelsPresent present = kAllChannels;
  std::string digest;  // SHA-256 of the file or, of one file per channel, of each ("-": none)
};

// Reads every file of the field once. Throws Error(kData) naming the file: it cannot be read or
// decoded, is no grey image where each channel has a file, or differs from the others in size or
// depth.
RawImage read_raw_image(const Field& field);

// The first field that can be read: all others must have its depth.
struct Reference {
  std::filesystem::path file;
  int64_t bits = 8;
};

// Throws Error(kData) naming the file: another depth than the reference's, floats where scaling is
// not by percentiles, too few pixels for spec.image_size.
void check_raw_image(const Field& field, const RawImage& image, const Reference& reference,
                     const DatasetSpec& spec);

// The first file of a field that is there, for messages.
const std::filesystem::path& first_file(const Field& field);

}  // namespace scgan
