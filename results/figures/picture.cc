#include "results/figures/picture.h"

#include <fmt/format.h>
#include <png.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>
#include <string_view>

#include "core/base/error.h"

namespace scgan::results {
namespace {

constexpr size_t kGap = 2;  // white pixels between the images of a grid

struct PngFile {
  const std::string& bytes;
  const std::filesystem::path& name;
  size_t next = 0;
};

[[noreturn]] void fail(const std::filesystem::path& file, std::string_view text) {
  throw Error(ErrorKind::kData, fmt::format("{}: {}", file.string(), text));
}

// An exception may pass through libpng's frames: PngReader's destructor frees what they hold.
[[noreturn]] void on_read_error(png_structp png, png_const_charp text) {
  fail(static_cast<const PngFile*>(png_get_error_ptr(png))->name,
       fmt::format("damaged or truncated PNG: {}", text));
}

[[noreturn]] void on_write_error(png_structp, png_const_charp) { throw std::bad_alloc(); }

void ignore_warning(png_structp, png_const_charp) {}

void read_more(png_structp png, png_bytep out, size_t count) {
  auto* file = static_cast<PngFile*>(png_get_io_ptr(png));
  if (count > file->bytes.size() - file->next) png_error(png, "the file ends early");
  std::memcpy(out, file->bytes.data() + file->next, count);
  file->next += count;
}

class PngReader {
 public:
  explicit PngReader(PngFile& file)
      : png_(png_create_read_struct(PNG_LIBPNG_VER_STRING, &file, on_read_error, ignore_warning)),
        info_(png_create_info_struct(png_)) {
    if (png_ == nullptr || info_ == nullptr) throw std::bad_alloc();
  }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }

  void read_header(PngFile& file) {
    png_set_read_fn(png_, &file, read_more);
    png_read_info(png_, info_);
  }
  size_t width() const { return png_get_image_width(png_, info_); }
  size_t height() const { return png_get_image_height(png_, info_); }
  bool is_rgb8() const {
    return png_get_color_type(png_, info_) == PNG_COLOR_TYPE_RGB &&
           png_get_bit_depth(png_, info_) == 8 &&
           png_get_interlace_type(png_, info_) == PNG_INTERLACE_NONE;
  }
  void read_row(std::vector<uint8_t>& row) { png_read_row(png_, row.data(), nullptr); }

 private:
  png_structp png_;
  png_infop info_;
};

struct PngWriter {
  png_structp png =
      png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, on_write_error, ignore_warning);
  png_infop info = png_create_info_struct(png);
  PngWriter() {
    if (png == nullptr || info == nullptr) throw std::bad_alloc();
  }
  PngWriter(const PngWriter&) = delete;
  PngWriter& operator=(const PngWriter&) = delete;
  ~PngWriter() { png_destroy_write_struct(&png, &info); }
};

void append_to(png_structp png, png_bytep bytes, size_t count) {
  static_cast<std::string*>(png_get_io_ptr(png))->append(reinterpret_cast<char*>(bytes), count);
}

bool is_grey(const Picture& picture) {
  for (size_t i = 0; i < picture.rgb.size(); i += 3) {
    if (picture.rgb[i] != picture.rgb[i + 1] || picture.rgb[i] != picture.rgb[i + 2]) return false;
  }
  return true;
}

// Adds a row of an image, from its first pixel, to the sums of `n` x `n` pixels.
void add_row(const uint8_t* pixels, size_t n, std::vector<uint32_t>& sums) {
  for (size_t x = 0; x < sums.size() / 3 * n; ++x) {
    for (size_t channel = 0; channel < 3; ++channel) {
      sums[x / n * 3 + channel] += pixels[x * 3 + channel];
    }
  }
}

// Appends the rounded means, and sets the sums back to 0.
void finish_row(size_t n, std::vector<uint32_t>& sums, std::vector<uint8_t>& out) {
  const auto area = static_cast<uint32_t>(n * n);
  for (uint32_t& sum : sums) {
    out.push_back(static_cast<uint8_t>((sum + area / 2) / area));
    sum = 0;
  }
}

}  // namespace

Picture halved(const Picture& picture) {
  Picture half{.side = picture.side / 2, .rgb = {}};
  std::vector<uint32_t> sums(half.side * 3);
  for (size_t y = 0; y < half.side * 2; ++y) {
    add_row(picture.rgb.data() + y * picture.side * 3, 2, sums);
    if (y % 2 == 1) finish_row(2, sums, half.rgb);
  }
  return half;
}

std::string encode_png(const Picture& picture) {
  constexpr int kBestCompression = 9;
  const PngWriter out;
  std::string bytes;
  const bool grey = is_grey(picture);
  const auto side = static_cast<png_uint_32>(picture.side);
  png_set_write_fn(out.png, &bytes, append_to, [](png_structp) {});
  png_set_IHDR(out.png, out.info, side, side, 8, grey ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB,
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_compression_level(out.png, kBestCompression);
  png_set_filter(out.png, PNG_FILTER_TYPE_BASE, PNG_ALL_FILTERS);
  png_write_info(out.png, out.info);
  const size_t step = grey ? 3 : 1;
  std::vector<png_byte> row;
  for (size_t y = 0; y < picture.side; ++y) {
    row.clear();
    for (size_t i = 0; i < picture.side * 3; i += step) {
      row.push_back(picture.rgb[y * picture.side * 3 + i]);
    }
    png_write_row(out.png, row.data());
  }
  png_write_end(out.png, nullptr);
  return bytes;
}

std::string data_uri(const std::string& png) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text = "data:image/png;base64,";
  for (size_t i = 0; i < png.size(); i += 3) {
    const size_t count = std::min<size_t>(3, png.size() - i);
    uint32_t bits = 0;
    for (size_t k = 0; k < 3; ++k) {
      bits = bits << 8 | (k < count ? static_cast<unsigned char>(png[i + k]) : 0U);
    }
    for (size_t k = 0; k < 4; ++k) {
      text += k <= count ? kDigits[bits >> (18 - 6 * k) & 63U] : '=';
    }
  }
  return text;
}

SampleGrid read_sample_grid(const std::string& bytes, const std::filesystem::path& file,
                            size_t rows, size_t side) {
  PngFile source{.bytes = bytes, .name = file};
  PngReader reader(source);
  reader.read_header(source);
  const size_t pitch = (reader.width() + kGap) / kGridColumns;
  if (!reader.is_rgb8() || (reader.width() + kGap) % kGridColumns != 0 || pitch <= kGap ||
      (reader.height() + kGap) % pitch != 0) {
    fail(file,
         fmt::format("{} x {} pixels are not a sample grid", reader.width(), reader.height()));
  }
  const size_t full = pitch - kGap;
  const auto n = static_cast<size_t>(
      std::max(1.0, std::round(static_cast<double>(full) / static_cast<double>(side))));
  const size_t reduced = full / n;
  rows = std::min(rows, (reader.height() + kGap) / pitch);
  SampleGrid grid;
  for (auto& column : grid.columns) column.resize(rows, {.side = reduced, .rgb = {}});
  std::array<std::vector<uint32_t>, kGridColumns> sums;
  sums.fill(std::vector<uint32_t>(reduced * 3));
  std::vector<uint8_t> row(reader.width() * 3);
  for (size_t y = 0; y < rows * pitch - kGap; ++y) {
    reader.read_row(row);
    const size_t inside = y % pitch;
    if (inside >= reduced * n) continue;
    for (size_t column = 0; column < kGridColumns; ++column) {
      add_row(row.data() + column * pitch * 3, n, sums.at(column));
      if (inside % n == n - 1) {
        finish_row(n, sums.at(column), grid.columns.at(column)[y / pitch].rgb);
      }
    }
  }
  return grid;
}

}  // namespace scgan::results
