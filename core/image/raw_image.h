// One image as its files hold it, before scaling and resizing.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/image/scaling.h"
#include "core/spec/run_spec.h"

namespace scgan {

// The files of one image: one file, or one grey file for each of red, green and blue, where an
// empty path is a black channel (not all three are empty).
using ImageFiles = std::vector<std::filesystem::path>;

struct RawImage {
  at::Tensor pixels;  // [3, H, W] as decode_image of core/image/image_file.h returns it
  int64_t bits = 8;
  int64_t planes = 3;  // 1: the three channels are equal
  ChannelsPresent present = kAllChannels;
  // SHA-256 of the file or, of one file per channel, of each ("-": none), and the orientation of
  // files that are not stored upright.
  std::string digest;
};

// Reads every file once. Throws Error(kData) naming the file: it cannot be read or
// decoded, is not grey although each channel has its own file, or differs from the others in size
// or depth.
RawImage read_raw_image(const ImageFiles& files);

// Returns RawImage::digest without decoding. Throws Error(kData) if a file cannot be read or
// is not an image.
std::string content_digest(const ImageFiles& files);

// Throws Error(kData) naming the file: floats where scaling is not by percentiles, too few pixels
// for spec.image_size.
void check_raw_image(const ImageFiles& files, const RawImage& image, const DatasetSpec& spec);

// The first path that is not empty, for messages.
const std::filesystem::path& first_file(const ImageFiles& files);

}  // namespace scgan
