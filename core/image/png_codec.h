// Decodes PNG from memory and encodes it to memory, with libpng.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>

#include "core/image/image_info.h"

namespace scgan {

// Like image_info and decode_image of core/image/image_file.h, but of the image as it lies in the
// file, whatever its orientation; `file` is used only in messages.
ImageInfo png_info(const std::string& bytes, const std::filesystem::path& file);
at::Tensor decode_png(const std::string& bytes, const std::filesystem::path& file);

// Encodes [3, H, W] as an RGB PNG without time or text chunks, so that equal images have equal
// bytes. uint8 is written with 8 bits per channel; float32, which must hold whole numbers from 0 to
// 65535, with 16. Throws Error(kStorage).
std::string encode_png(const at::Tensor& image, const std::filesystem::path& file);

}  // namespace scgan
