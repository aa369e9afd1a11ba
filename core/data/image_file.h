// Image files to tensors and back: PNG (libpng) and JPEG (libjpeg-turbo). The format is told by
// content.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>

namespace scgan {

struct ImageInfo {
  int64_t height = 0;
  int64_t width = 0;
  int64_t channels = 0;  // as in the file: 1 or 3
  int64_t bits = 0;      // per channel: 8 or 16
};

// Reads the header only. Throws Error(kData) naming the file: unreadable, neither PNG nor JPEG, an
// alpha channel or another channel count than 1 or 3, a size over 65,500 pixels per side.
ImageInfo read_image_info(const std::filesystem::path& file);

// Decodes to [3, H, W]: uint8 (8-bit files), or float32 holding 0 ... 65535 (16-bit files). Grey
// becomes three equal channels. Throws Error(kData) naming the file, also when it is truncated or
// damaged.
at::Tensor read_image(const std::filesystem::path& file);

// Writes uint8 [3, H, W] as an 8-bit RGB PNG, atomically. Throws Error(kStorage).
void write_png(const std::filesystem::path& file, const at::Tensor& image);

}  // namespace scgan
