// Decodes JPEG from memory with libjpeg-turbo.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>

#include "core/image/image_file.h"

namespace scgan {

// Like image_info and decode_image of core/image/image_file.h; `file` is used only in messages.
// Damage that libjpeg reports only as a warning (data that ends early, corrupt codes) is an error
// here, because the pixels would be partly invented.
ImageInfo jpeg_info(const std::string& bytes, const std::filesystem::path& file);
at::Tensor decode_jpeg(const std::string& bytes, const std::filesystem::path& file);

}  // namespace scgan
