// Image files of every kind, for tests.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace scgan {

// Interleaved samples as PNG. channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.
void write_png8(const std::filesystem::path& file, int height, int width, int channels,
                const std::vector<uint8_t>& samples);
void write_png16(const std::filesystem::path& file, int height, int width, int channels,
                 const std::vector<uint16_t>& samples);

// Interleaved samples as JPEG of quality 95. channels: 1 grey, 3 RGB, 4 CMYK.
void write_jpeg(const std::filesystem::path& file, int height, int width, int channels,
                const std::vector<uint8_t>& samples);

// Grey float samples as TIFF.
void write_float_tiff(const std::filesystem::path& file, int height, int width,
                      const std::vector<float>& samples);

// uint8 [3, height, width] with some structure, different for every `number`.
at::Tensor test_image(int64_t height, int64_t width, int64_t number = 0);

// Cuts a file to a part of its length.
void truncate_file(const std::filesystem::path& file, double part);

}  // namespace scgan
