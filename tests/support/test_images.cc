#include "tests/support/test_images.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <png.h>
#include <tiffio.h>

#include <array>
#include <cstdio>
// jpeglib.h needs FILE first.
#include <jpeglib.h>

#include <stdexcept>

#include "core/base/atomic_file.h"

namespace scgan {
namespace {

void write_simple_png(const std::filesystem::path& file, int height, int width, png_uint_32 format,
                      const void* samples) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = format;
  if (png_image_write_to_file(&image, file.c_str(), 0, samples, 0, nullptr) == 0) {
    throw std::runtime_error(image.message);
  }
}

}  // namespace

void write_png8(const std::filesystem::path& file, int height, int width, int channels,
                const std::vector<uint8_t>& samples) {
  constexpr std::array<png_uint_32, 5> kFormats{0, PNG_FORMAT_GRAY, PNG_FORMAT_GA, PNG_FORMAT_RGB,
                                                PNG_FORMAT_RGBA};
  write_simple_png(file, height, width, kFormats.at(static_cast<size_t>(channels)), samples.data());
}

void write_png16(const std::filesystem::path& file, int height, int width, int channels,
                 const std::vector<uint16_t>& samples) {
  write_simple_png(file, height, width, channels == 1 ? PNG_FORMAT_LINEAR_Y : PNG_FORMAT_LINEAR_RGB,
                   samples.data());
}

void write_jpeg(const std::filesystem::path& file, int height, int width, int channels,
                const std::vector<uint8_t>& samples) {
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  FILE* out = std::fopen(file.c_str(), "wb");
  jpeg_stdio_dest(&jpeg, out);
  jpeg.image_height = static_cast<JDIMENSION>(height);
  jpeg.image_width = static_cast<JDIMENSION>(width);
  jpeg.input_components = channels;
  jpeg.in_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, 95, TRUE);
  jpeg_start_compress(&jpeg, TRUE);
  while (jpeg.next_scanline < jpeg.image_height) {
    auto* row = const_cast<uint8_t*>(samples.data()) +
                jpeg.next_scanline * jpeg.image_width * static_cast<JDIMENSION>(channels);
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  std::fclose(out);
}

void write_float_tiff(const std::filesystem::path& file, int height, int width,
                      const std::vector<float>& samples) {
  TIFF* tiff = TIFFOpen(file.c_str(), "w");
  if (tiff == nullptr) throw std::runtime_error("cannot write " + file.string());
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, width);
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, height);
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 32);
  TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_IEEEFP);
  TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
  TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
  TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, height);
  TIFFWriteEncodedStrip(tiff, 0, const_cast<float*>(samples.data()),
                        static_cast<tmsize_t>(samples.size() * sizeof(float)));
  TIFFClose(tiff);
}

at::Tensor test_image(int64_t height, int64_t width, int64_t number) {
  const at::Tensor y = at::arange(height).view({1, height, 1});
  const at::Tensor x = at::arange(width).view({1, 1, width});
  const at::Tensor channel = at::arange(3).view({3, 1, 1});
  return (y * 7 + x * 3 + x * y % 11 * 5 + channel * 40 + number * 29).remainder(256).to(at::kByte);
}

void truncate_file(const std::filesystem::path& file, double part) {
  const auto size = static_cast<double>(std::filesystem::file_size(file));
  std::filesystem::resize_file(file, static_cast<uintmax_t>(size * part));
}

}  // namespace scgan
