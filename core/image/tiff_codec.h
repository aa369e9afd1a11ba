// Decodes TIFF from memory with libtiff: one image of 8-bit or 16-bit unsigned or 32-bit float
// samples, grey or RGB, in strips or tiles, chunky or planar.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>

#include "core/image/image_info.h"

namespace scgan {

// Like image_info and decode_image of core/image/image_file.h, but of the image as it lies in the
// file, whatever its orientation; `file` is used only in messages. In
// a file with several pages, all but one must be reduced versions of that one (thumbnails, pyramid
// levels); these are ignored. Messages of libtiff become part of the error, never output on stderr.
ImageInfo tiff_info(const std::string& bytes, const std::filesystem::path& file);
at::Tensor decode_tiff(const std::string& bytes, const std::filesystem::path& file);

}  // namespace scgan
