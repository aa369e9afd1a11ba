#include "core/image/jpeg_codec.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <array>
#include <cstdio>
// jpeglib.h needs FILE; jerror.h needs jpeglib.h.
#include <jpeglib.h>
//
#include <jerror.h>

#include <vector>

#include "core/base/error.h"
#include "core/image/planes.h"

namespace scgan {
namespace {

// libjpeg reports errors through callbacks. An exception may pass through its frames: the owner
// below calls jpeg_destroy_decompress, which frees everything that these frames hold.
[[noreturn]] void fail(j_common_ptr jpeg) {
  std::array<char, JMSG_LENGTH_MAX> text{};
  jpeg->err->format_message(jpeg, text.data());
  const auto* file = static_cast<const std::filesystem::path*>(jpeg->client_data);
  throw Error(ErrorKind::kData,
              fmt::format("{}: damaged or truncated JPEG: {}", file->string(), text.data()));
}

// Warnings (level -1) report damage, after which libjpeg invents pixels, except for three that
// affect no pixel.
void on_message(j_common_ptr jpeg, int level) {
  const int code = jpeg->err->msg_code;
  const bool harmless =
      code == JWRN_EXTRANEOUS_DATA || code == JWRN_ADOBE_XFORM || code == JWRN_JFIF_MAJOR;
  if (level < 0 && !harmless) fail(jpeg);
}

// A separate member, so that it is freed when the constructor of JpegReader throws.
struct Decompressor {
  jpeg_error_mgr errors{};
  jpeg_decompress_struct jpeg{};
  explicit Decompressor(std::filesystem::path& file) {
    jpeg.err = jpeg_std_error(&errors);
    jpeg.client_data = &file;
    errors.error_exit = fail;
    errors.emit_message = on_message;
    jpeg_create_decompress(&jpeg);
  }
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;
  ~Decompressor() { jpeg_destroy_decompress(&jpeg); }
};

class JpegReader {
 public:
  JpegReader(const std::string& bytes, const std::filesystem::path& file)
      : file_(file), decompressor_(file_), jpeg_(decompressor_.jpeg) {
    jpeg_mem_src(&jpeg_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    jpeg_read_header(&jpeg_, TRUE);
    if (jpeg_.num_components != 1 && jpeg_.num_components != 3) {
      throw Error(
          ErrorKind::kData,
          fmt::format("{}: has {} channels{}; it must have 3 (RGB) or 1 (grey)", file_.string(),
                      jpeg_.num_components, jpeg_.num_components == 4 ? " (CMYK)" : ""));
    }
    check_length(bytes.size());
  }

  ImageInfo info() const {
    return {jpeg_.image_height, jpeg_.image_width, jpeg_.num_components, 8};
  }

  // Returns the rows with interleaved channels.
  std::vector<uint8_t> pixels() {
    jpeg_.out_color_space = jpeg_.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_.dct_method = JDCT_ISLOW;
    jpeg_start_decompress(&jpeg_);
    const size_t row_bytes = size_t{jpeg_.output_width} * static_cast<size_t>(jpeg_.num_components);
    std::vector<uint8_t> pixels(row_bytes * jpeg_.output_height);
    while (jpeg_.output_scanline < jpeg_.output_height) {
      JSAMPROW row = pixels.data() + jpeg_.output_scanline * row_bytes;
      jpeg_read_scanlines(&jpeg_, &row, 1);
    }
    jpeg_finish_decompress(&jpeg_);
    return pixels;
  }

 private:
  // Runs before any memory is allocated for the pixels: a short file cannot hold a large image.
  // Every block of 8 x 8 samples takes at least one bit, except with arithmetic coding.
  void check_length(size_t bytes) const {
    if (jpeg_.arith_code != 0) return;
    uint64_t blocks = 0;
    for (int i = 0; i < jpeg_.num_components; ++i) {
      blocks += uint64_t{jpeg_.comp_info[i].width_in_blocks} * jpeg_.comp_info[i].height_in_blocks;
    }
    if (blocks / 8 <= bytes) return;
    throw Error(ErrorKind::kData,
                fmt::format("{}: damaged or truncated JPEG: {} bytes cannot hold {} x {} pixels",
                            file_.string(), bytes, jpeg_.image_width, jpeg_.image_height));
  }

  std::filesystem::path file_;
  Decompressor decompressor_;
  jpeg_decompress_struct& jpeg_;
};

}  // namespace

ImageInfo jpeg_info(const std::string& bytes, const std::filesystem::path& file) {
  return JpegReader(bytes, file).info();
}

at::Tensor decode_jpeg(const std::string& bytes, const std::filesystem::path& file) {
  JpegReader reader(bytes, file);
  return to_planes<uint8_t>(reader.pixels(), reader.info());
}

}  // namespace scgan
