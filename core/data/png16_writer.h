// 16-bit PNG files.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>

namespace scgan {

// Writes float32 [3, H, W], whole numbers 0 ... 65535 as read_image gives them, as a 16-bit RGB PNG
// without time or text chunks, atomically. Throws Error(kStorage).
void write_png16(const std::filesystem::path& file, const at::Tensor& image);

}  // namespace scgan
