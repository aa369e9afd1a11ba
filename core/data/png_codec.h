// PNG by libpng, from and to memory.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>

#include "core/data/image_file.h"

namespace scgan {

// As image_info and decode_image of core/data/image_file.h; `file` is for messages.
ImageInfo png_info(const std::string& bytes, const std::filesystem::path& file);
at::Tensor decode_png(const std::string& bytes, const std::filesystem::path& file);

// uint8 [3, H, W] -> an 8-bit RGB PNG without time or text chunks: same image, same bytes.
std::string encode_png(const at::Tensor& image, const std::filesystem::path& file);

}  // namespace scgan
