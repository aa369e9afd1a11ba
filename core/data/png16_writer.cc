#include "core/data/png16_writer.h"

#include <ATen/Functions.h>
#include <fmt/format.h>
#include <png.h>

#include <new>
#include <string>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/error.h"

namespace scgan {
namespace {

// The exception may pass through libpng's frames: all that they hold is freed by the owner below.
[[noreturn]] void on_error(png_structp png, png_const_charp text) {
  const auto* file = static_cast<const std::filesystem::path*>(png_get_error_ptr(png));
  throw Error(ErrorKind::kStorage, fmt::format("{}: cannot encode PNG: {}", file->string(), text));
}

void on_warning(png_structp, png_const_charp) {}

void append_bytes(png_structp png, png_bytep bytes, size_t count) {
  static_cast<std::string*>(png_get_io_ptr(png))->append(reinterpret_cast<char*>(bytes), count);
}

class Writer {
 public:
  explicit Writer(std::filesystem::path file)
      : file_(std::move(file)),
        png_(png_create_write_struct(PNG_LIBPNG_VER_STRING, &file_, on_error, on_warning)),
        info_(png_create_info_struct(png_)) {
    if (png_ == nullptr || info_ == nullptr) {
      png_destroy_write_struct(&png_, &info_);
      throw std::bad_alloc();
    }
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() { png_destroy_write_struct(&png_, &info_); }

  std::string encode(const at::Tensor& image) {
    const auto height = static_cast<size_t>(image.size(1));
    const auto width = static_cast<size_t>(image.size(2));
    std::string bytes;
    png_set_write_fn(png_, &bytes, append_bytes, [](png_structp) {});
    png_set_IHDR(png_, info_, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height), 16,
                 PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png_, info_);
    const auto* planes = image.const_data_ptr<float>();
    std::vector<png_byte> row(width * 6);
    for (size_t y = 0; y < height; ++y) {
      for (size_t sample = 0; sample < width * 3; ++sample) {
        const size_t at = (sample % 3 * height + y) * width + sample / 3;
        const auto value = static_cast<uint16_t>(planes[at]);
        row[2 * sample] = static_cast<png_byte>(value >> 8);  // the file is big endian
        row[2 * sample + 1] = static_cast<png_byte>(value & 0xff);
      }
      png_write_row(png_, row.data());
    }
    png_write_end(png_, nullptr);
    return bytes;
  }

 private:
  std::filesystem::path file_;
  png_structp png_;
  png_infop info_;
};

}  // namespace

void write_png16(const std::filesystem::path& file, const at::Tensor& image) {
  TORCH_INTERNAL_ASSERT(image.dim() == 3 && image.size(0) == 3 &&
                        image.scalar_type() == at::kFloat);
  write_file_atomically(file, Writer(file).encode(image.to(at::kCPU).contiguous()));
}

}  // namespace scgan
