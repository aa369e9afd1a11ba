// TIFF by libtiff, from memory: one image of 8 or 16 bit unsigned or 32-bit float samples, grey or
// RGB, in strips or tiles, chunky or planar.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>

#include "core/image/image_file.h"

namespace scgan {

// As image_info and decode_image of core/image/image_file.h; `file` is for messages. Of several
// pages all but one have to be reduced versions of it (thumbnails, pyramid levels), which are left
// aside. What libtiff says goes into the error and never to stderr.
ImageInfo tiff_info(const std::string& bytes, const std::filesystem::path& file);
at::Tensor decode_tiff(const std::string& bytes, const std::filesystem::path& file);

}  // namespace scgan
