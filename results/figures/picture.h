// Small RGB pictures: cut out of a run's sample grid, made smaller, and encoded as PNG.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace scgan::results {

// A square of 8-bit RGB, row by row.
struct Picture {
  size_t side = 0;
  std::vector<uint8_t> rgb;
  bool operator==(const Picture&) const = default;
};

// Half the side, each pixel the mean of four. An odd last row and column are left out.
Picture halved(const Picture& picture);

// Equal pictures produce equal bytes. Grey ones have one channel.
std::string encode_png(const Picture& picture);

// "data:image/png;base64,...".
std::string data_uri(const std::string& png);

constexpr size_t kGridColumns = 6;

// The columns of a sample grid: an image of A, its translation to B, that translated back; an image
// of B, its translation to A, that translated back. docs/output.md describes the file.
struct SampleGrid {
  std::array<std::vector<Picture>, kGridColumns> columns;
};

// The first `rows` rows, or all if there are fewer, each image reduced to about `side` pixels by
// the mean of n x n pixels. `bytes` are those of `file`, which is named in errors. Throws
// Error(kData) if it is damaged or is not a sample grid.
SampleGrid read_sample_grid(const std::string& bytes, const std::filesystem::path& file,
                            size_t rows, size_t side);

}  // namespace scgan::results
