#include "core/data/image_file.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/data/jpeg_codec.h"
#include "core/data/png_codec.h"

namespace scgan {
namespace {

enum class Format { kPng, kJpeg };

std::string bytes_of(const std::filesystem::path& file) {
  std::error_code failed;
  if (std::filesystem::is_directory(file, failed)) {
    throw Error(ErrorKind::kData, fmt::format("{}: is a folder, not an image", file.string()));
  }
  try {
    return read_file(file);
  } catch (const Error& problem) {
    throw Error(ErrorKind::kData, problem.what());
  }
}

Format format_of(const std::string& bytes, const std::filesystem::path& file) {
  if (bytes.starts_with("\x89PNG\r\n\x1a\n")) return Format::kPng;
  if (bytes.starts_with("\xff\xd8\xff")) return Format::kJpeg;
  throw Error(ErrorKind::kData,
              fmt::format("{}: {}", file.string(),
                          bytes.empty() ? "is empty" : "is neither a PNG nor a JPEG image"));
}

}  // namespace

ImageInfo read_image_info(const std::filesystem::path& file) {
  const std::string bytes = bytes_of(file);
  return format_of(bytes, file) == Format::kPng ? png_info(bytes, file) : jpeg_info(bytes, file);
}

at::Tensor read_image(const std::filesystem::path& file) {
  const std::string bytes = bytes_of(file);
  return format_of(bytes, file) == Format::kPng ? decode_png(bytes, file)
                                                : decode_jpeg(bytes, file);
}

void write_png(const std::filesystem::path& file, const at::Tensor& image) {
  write_file_atomically(file, encode_png(image, file));
}

}  // namespace scgan
