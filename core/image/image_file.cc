#include "core/image/image_file.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>
#include <png.h>
#include <tiffio.h>

#include <cstdio>
// After <cstdio>, which it needs.
#include <jpeglib.h>

#include <string_view>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/image/jpeg_codec.h"
#include "core/image/orientation.h"
#include "core/image/png_codec.h"
#include "core/image/tiff_codec.h"

namespace scgan {
namespace {

enum class Format { kPng, kJpeg, kTiff };

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& text) {
  throw Error(ErrorKind::kData, fmt::format("{}: {}", file.string(), text));
}

// TIFF of either byte order; BigTIFF has 43 in place of 42.
bool is_tiff(std::string_view bytes) {
  using namespace std::string_view_literals;
  return bytes.starts_with("II\x2a\0"sv) || bytes.starts_with("MM\0\x2a"sv) ||
         bytes.starts_with("II\x2b\0"sv) || bytes.starts_with("MM\0\x2b"sv);
}

Format format_of(const std::string& bytes, const std::filesystem::path& file) {
  if (bytes.starts_with("\x89PNG\r\n\x1a\n")) return Format::kPng;
  if (bytes.starts_with("\xff\xd8\xff")) return Format::kJpeg;
  if (is_tiff(bytes)) return Format::kTiff;
  fail(file, bytes.empty() ? "is empty" : "is neither a PNG nor a JPEG nor a TIFF image");
}

ImageInfo stored_info(const std::string& bytes, const std::filesystem::path& file) {
  switch (format_of(bytes, file)) {
    case Format::kPng:
      return png_info(bytes, file);
    case Format::kJpeg:
      return jpeg_info(bytes, file);
    default:
      return tiff_info(bytes, file);
  }
}

at::Tensor decode_stored(const std::string& bytes, const std::filesystem::path& file) {
  switch (format_of(bytes, file)) {
    case Format::kPng:
      return decode_png(bytes, file);
    case Format::kJpeg:
      return decode_jpeg(bytes, file);
    default:
      return decode_tiff(bytes, file);
  }
}

}  // namespace

std::string read_image_bytes(const std::filesystem::path& file) {
  return read_data_file(file, "an image");
}

ImageInfo image_info(const std::string& bytes, const std::filesystem::path& file) {
  ImageInfo info = stored_info(bytes, file);
  if (is_transposed(info.orientation)) std::swap(info.height, info.width);
  return info;
}

at::Tensor decode_image(const std::string& bytes, const std::filesystem::path& file) {
  return upright(decode_stored(bytes, file), stored_info(bytes, file).orientation);
}

ImageInfo read_image_info(const std::filesystem::path& file) {
  return image_info(read_image_bytes(file), file);
}

at::Tensor read_image(const std::filesystem::path& file) {
  return decode_image(read_image_bytes(file), file);
}

void write_png(const std::filesystem::path& file, const at::Tensor& image) {
  write_file_atomically(file, encode_png(image, file));
}

std::map<std::string, std::string> codec_versions() {
  // "LIBTIFF, Version 4.5.0", then lines about its authors.
  const std::string tiff = TIFFGetVersion();
  const std::string first_line = tiff.substr(0, tiff.find('\n'));
  constexpr int kJpeg = LIBJPEG_TURBO_VERSION_NUMBER;  // 2001005 is 2.1.5
  return {{"libjpeg_turbo",
           fmt::format("{}.{}.{}", kJpeg / 1000000, kJpeg / 1000 % 1000, kJpeg % 1000)},
          {"libpng", png_get_libpng_ver(nullptr)},
          {"libtiff", first_line.substr(first_line.rfind(' ') + 1)}};
}

}  // namespace scgan
