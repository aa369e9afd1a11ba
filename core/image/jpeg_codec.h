// Decodes JPEG from memory with libjpeg-turbo.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>

#include "core/image/image_info.h"

namespace scgan {

// Like image_info and decode_image of core/image/image_file.h, but of the image as it lies in the
// file, whatever its orientation; `file` is used only in messages.
// Damage that libjpeg reports only as a warning (data that ends early, corrupt codes) or not at all
// (jpeg_scan.h, a zeroed part) is an error here, because the pixels would be partly invented. One
// or two bytes that are left over before a marker are accepted, since some cameras write them.
ImageInfo jpeg_info(const std::string& bytes, const std::filesystem::path& file);
at::Tensor decode_jpeg(const std::string& bytes, const std::filesystem::path& file);

}  // namespace scgan
