// JPEG by libjpeg-turbo, from memory.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>

#include "core/image/image_file.h"

namespace scgan {

// As image_info and decode_image of core/image/image_file.h; `file` is for messages. What libjpeg
// only warns about (data that ends early, corrupt codes) is an error here: half an image is not
// data.
ImageInfo jpeg_info(const std::string& bytes, const std::filesystem::path& file);
at::Tensor decode_jpeg(const std::string& bytes, const std::filesystem::path& file);

}  // namespace scgan
