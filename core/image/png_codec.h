// PNG by libpng, from and to memory.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>

#include "core/image/image_file.h"

namespace scgan {

// As image_info and decode_image of core/image/image_file.h; `file` is for messages.
ImageInfo png_info(const std::string& bytes, const std::filesystem::path& file);
at::Tensor decode_png(const std::string& bytes, const std::filesystem::path& file);

// [3, H, W] -> an RGB PNG without time or text chunks: same image, same bytes. uint8 becomes 8 bits
// per channel; float32, whole numbers from 0 to 65535, become 16. Throws Error(kStorage).
std::string encode_png(const at::Tensor& image, const std::filesystem::path& file);

}  // namespace scgan
