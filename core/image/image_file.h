// Image files to tensors and back: PNG (libpng), JPEG (libjpeg-turbo) and TIFF (libtiff). The
// format follows from the content. An image that is stored rotated or mirrored (EXIF in PNG and
// JPEG, the tag Orientation in TIFF) becomes upright. docs/images.md says what is read and what is
// refused.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>

#include "core/image/image_info.h"

namespace scgan {

// A file's bytes. Throws Error(kData) naming the file when it cannot be read.
std::string read_image_bytes(const std::filesystem::path& file);

// Looks at the header only; height and width are those of the upright image. Throws Error(kData)
// naming the file: neither PNG nor JPEG nor TIFF, an alpha channel or another channel count than 1
// or 3, another type of pixels, a size over 65,500 pixels per side.
ImageInfo image_info(const std::string& bytes, const std::filesystem::path& file);

// Decodes to [3, H, W]: uint8 (8-bit files), or float32 holding 0 ... 65535 (16-bit files) or the
// values of a float file, which are finite. Grey becomes three equal channels. Throws Error(kData)
// naming the file, also when it is truncated or damaged.
at::Tensor decode_image(const std::string& bytes, const std::filesystem::path& file);

// The same from the file itself.
ImageInfo read_image_info(const std::filesystem::path& file);
at::Tensor read_image(const std::filesystem::path& file);

// Writes [3, H, W] as an RGB PNG, atomically: uint8 with 8 bits per channel; float32, whole numbers
// from 0 to 65535 as read_image returns them, with 16. Throws Error(kStorage).
void write_png(const std::filesystem::path& file, const at::Tensor& image);

// Of the libraries that decode, by name: "libjpeg_turbo", "libpng", "libtiff".
std::map<std::string, std::string> codec_versions();

}  // namespace scgan
