#include "core/image/png_codec.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>
#include <png.h>

#include <bit>
#include <cstring>
#include <new>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/base/error.h"
#include "core/image/orientation.h"
#include "core/image/planes.h"

namespace scgan {
namespace {

constexpr int64_t kMostDeflated = 1032;  // the most bytes that one byte of zlib data can expand to

// libpng reports errors through callbacks. An exception may pass through its frames: the owners
// below call png_destroy_*_struct, which frees everything that these frames hold.
template <ErrorKind kind>
[[noreturn]] void on_error(png_structp png, png_const_charp text) {
  const auto* file = static_cast<const std::filesystem::path*>(png_get_error_ptr(png));
  throw Error(
      kind, fmt::format("{}: {} PNG: {}", file->string(),
                        kind == ErrorKind::kData ? "damaged or truncated" : "cannot encode", text));
}

void on_warning(png_structp, png_const_charp) {}

// The content of the first chunk of a type, wherever in the file it is; empty if there is none.
std::string_view chunk_of(std::string_view bytes, std::string_view type) {
  constexpr size_t kSignature = 8;
  constexpr size_t kFrame = 12;  // length, type and checksum
  for (size_t at = kSignature; at + kFrame <= bytes.size();) {
    const size_t length = png_get_uint_32(reinterpret_cast<png_const_bytep>(bytes.data() + at));
    if (length > bytes.size() - at - kFrame) return {};
    if (bytes.substr(at + 4, 4) == type) return bytes.substr(at + 8, length);
    at += kFrame + length;
  }
  return {};
}

struct Source {
  const std::string& bytes;
  size_t next = 0;
};

void read_bytes(png_structp png, png_bytep out, size_t count) {
  auto* source = static_cast<Source*>(png_get_io_ptr(png));
  if (count > source->bytes.size() - source->next) png_error(png, "the file ends early");
  std::memcpy(out, source->bytes.data() + source->next, count);
  source->next += count;
}

// A separate member, so that it is freed when the constructor of PngReader throws.
struct ReadStructs {
  png_structp png = nullptr;
  png_infop info = nullptr;
  explicit ReadStructs(std::filesystem::path& file)
      : png(png_create_read_struct(PNG_LIBPNG_VER_STRING, &file, on_error<ErrorKind::kData>,
                                   on_warning)),
        info(png_create_info_struct(png)) {
    if (png == nullptr || info == nullptr) throw std::bad_alloc();
  }
  ReadStructs(const ReadStructs&) = delete;
  ReadStructs& operator=(const ReadStructs&) = delete;
  ~ReadStructs() { png_destroy_read_struct(&png, &info, nullptr); }
};

class PngReader {
 public:
  PngReader(const std::string& bytes, const std::filesystem::path& file)
      : file_(file), source_{bytes}, structs_(file_), png_(structs_.png), info_(structs_.info) {
    png_set_read_fn(png_, &source_, read_bytes);
    // check_shape() checks the size with a clearer message.
    png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_read_info(png_, info_);
    check_shape();
  }

  ImageInfo info() const {
    return {png_get_image_height(png_, info_), png_get_image_width(png_, info_),
            (colour() & PNG_COLOR_MASK_COLOR) != 0 ? 3 : 1,
            png_get_bit_depth(png_, info_) == 16 ? 16 : 8,
            exif_orientation(chunk_of(source_.bytes, "eXIf"))};
  }

  // Returns the rows with interleaved channels. Sample must be uint16_t for 16-bit files, uint8_t
  // for all others.
  template <typename Sample>
  std::vector<Sample> pixels() {
    if (colour() == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png_);
    if (png_get_bit_depth(png_, info_) < 8) png_set_expand_gray_1_2_4_to_8(png_);
    if constexpr (sizeof(Sample) == 2 && std::endian::native == std::endian::little) {
      png_set_swap(png_);  // the file is big-endian
    }
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    const size_t row_samples = png_get_rowbytes(png_, info_) / sizeof(Sample);
    const size_t height = png_get_image_height(png_, info_);
    std::vector<Sample> pixels(row_samples * height);
    std::vector<png_bytep> rows(height);
    for (size_t y = 0; y < height; ++y) {
      rows[y] = reinterpret_cast<png_bytep>(pixels.data() + y * row_samples);
    }
    png_read_image(png_, rows.data());
    png_read_end(png_, nullptr);
    return pixels;
  }

 private:
  int colour() const { return png_get_color_type(png_, info_); }

  [[noreturn]] void fail(const std::string& text) const {
    throw Error(ErrorKind::kData, fmt::format("{}: {}", file_.string(), text));
  }

  void check_shape() const {
    const ImageInfo shape = info();
    if (const std::string_view animation = chunk_of(source_.bytes, "acTL"); animation.size() >= 4) {
      const uint32_t frames = png_get_uint_32(reinterpret_cast<png_const_bytep>(animation.data()));
      if (frames > 1) {
        fail(
            fmt::format("is an animation of {} images; it must hold one image, so save each as a "
                        "file of its own",
                        frames));
      }
    }
    if ((colour() & PNG_COLOR_MASK_ALPHA) != 0 || png_get_valid(png_, info_, PNG_INFO_tRNS) != 0) {
      fail(
          fmt::format("has {} channels, one of them alpha (transparency); 3 (RGB) or 1 (grey) are "
                      "wanted",
                      shape.channels + 1));
    }
    if (shape.height > kMaxImageSide || shape.width > kMaxImageSide) {
      fail(fmt::format("{} x {} pixels are more than {} per side", shape.width, shape.height,
                       kMaxImageSide));
    }
    // Check before any memory is allocated for the pixels: a short file cannot hold a large image.
    const auto row_bytes = static_cast<int64_t>(png_get_rowbytes(png_, info_));
    if (row_bytes * shape.height / kMostDeflated > static_cast<int64_t>(source_.bytes.size())) {
      fail(fmt::format("damaged or truncated PNG: {} bytes cannot hold {} x {} pixels",
                       source_.bytes.size(), shape.width, shape.height));
    }
  }

  std::filesystem::path file_;
  Source source_;
  ReadStructs structs_;
  png_structp png_;
  png_infop info_;
};

struct WriteStructs {
  png_structp png = nullptr;
  png_infop info = nullptr;
  explicit WriteStructs(std::filesystem::path& file)
      : png(png_create_write_struct(PNG_LIBPNG_VER_STRING, &file, on_error<ErrorKind::kStorage>,
                                    on_warning)),
        info(png_create_info_struct(png)) {
    if (png == nullptr || info == nullptr) throw std::bad_alloc();
  }
  WriteStructs(const WriteStructs&) = delete;
  WriteStructs& operator=(const WriteStructs&) = delete;
  ~WriteStructs() { png_destroy_write_struct(&png, &info); }
};

void append_bytes(png_structp png, png_bytep bytes, size_t count) {
  static_cast<std::string*>(png_get_io_ptr(png))->append(reinterpret_cast<char*>(bytes), count);
}

// Appends a sample as PNG stores it: 16-bit samples are big-endian.
template <typename Sample>
void append_sample(std::vector<png_byte>& row, Sample sample) {
  if constexpr (std::is_same_v<Sample, uint8_t>) {
    row.push_back(sample);
  } else {
    const auto value = static_cast<uint16_t>(sample);
    row.push_back(static_cast<png_byte>(value >> 8));
    row.push_back(static_cast<png_byte>(value & 0xff));
  }
}

// Encodes rows [H, W, 3]: uint8 with 8 bits per channel, float32 with 16.
template <typename Sample>
std::string encode_rows(const at::Tensor& rows, const std::filesystem::path& file) {
  const int64_t height = rows.size(0);
  const int64_t width = rows.size(1);
  std::filesystem::path name = file;
  std::string bytes;
  const WriteStructs out(name);
  png_set_write_fn(out.png, &bytes, append_bytes, [](png_structp) {});
  png_set_IHDR(out.png, out.info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height),
               std::is_same_v<Sample, uint8_t> ? 8 : 16, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(out.png, out.info);
  const auto* samples = rows.const_data_ptr<Sample>();
  std::vector<png_byte> row;
  for (int64_t y = 0; y < height; ++y) {
    row.clear();
    for (int64_t i = 0; i < width * 3; ++i) append_sample(row, samples[y * width * 3 + i]);
    png_write_row(out.png, row.data());
  }
  png_write_end(out.png, nullptr);
  return bytes;
}

}  // namespace

ImageInfo png_info(const std::string& bytes, const std::filesystem::path& file) {
  return PngReader(bytes, file).info();
}

at::Tensor decode_png(const std::string& bytes, const std::filesystem::path& file) {
  PngReader reader(bytes, file);
  const ImageInfo shape = reader.info();
  return shape.bits == 16 ? to_planes<float>(reader.pixels<uint16_t>(), shape)
                          : to_planes<uint8_t>(reader.pixels<uint8_t>(), shape);
}

std::string encode_png(const at::Tensor& image, const std::filesystem::path& file) {
  TORCH_INTERNAL_ASSERT(image.dim() == 3 && image.size(0) == 3);
  TORCH_INTERNAL_ASSERT(image.scalar_type() == at::kByte || image.scalar_type() == at::kFloat);
  const at::Tensor rows = image.to(at::kCPU).permute({1, 2, 0}).contiguous();
  return rows.scalar_type() == at::kByte ? encode_rows<uint8_t>(rows, file)
                                         : encode_rows<float>(rows, file);
}

}  // namespace scgan
