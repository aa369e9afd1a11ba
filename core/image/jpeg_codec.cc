#include "core/image/jpeg_codec.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
// jpeglib.h needs FILE; jerror.h needs jpeglib.h.
#include <jpeglib.h>
//
#include <jerror.h>

#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/image/jpeg_scan.h"
#include "core/image/orientation.h"
#include "core/image/planes.h"

namespace scgan {
namespace {

constexpr int kMostLeftOver = 2;
constexpr int kEndOfBlock = 0;  // the symbol of the tables for AC coefficients
// More zero bytes in a row than codes make of any image, unless zeros stand for flat blocks.
constexpr size_t kMostZeros = 31;

// libjpeg reports errors through callbacks. An exception may pass through its frames: the owner
// below calls jpeg_destroy_decompress, which frees everything that these frames hold.
[[noreturn]] void fail(j_common_ptr jpeg) {
  std::array<char, JMSG_LENGTH_MAX> text{};
  jpeg->err->format_message(jpeg, text.data());
  const auto* file = static_cast<const std::filesystem::path*>(jpeg->client_data);
  throw Error(ErrorKind::kData,
              fmt::format("{}: damaged or truncated JPEG: {}", file->string(), text.data()));
}

// Warnings (level -1) report damage, after which libjpeg invents pixels, except for some that
// affect no pixel. More than a few left-over bytes mean that data before them was lost.
bool is_harmless(const jpeg_error_mgr& errors) {
  switch (errors.msg_code) {
    case JWRN_EXTRANEOUS_DATA:
      return errors.msg_parm.i[0] <= kMostLeftOver;
    case JWRN_ADOBE_XFORM:
    case JWRN_JFIF_MAJOR:
    case JWRN_NOT_SEQUENTIAL:
      return true;
    default:
      return false;
  }
}

void on_message(j_common_ptr jpeg, int level) {
  if (level < 0 && !is_harmless(*jpeg->err)) fail(jpeg);
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
      : bytes_(bytes), file_(file), decompressor_(file_), jpeg_(decompressor_.jpeg) {
    jpeg_mem_src(&jpeg_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    jpeg_save_markers(&jpeg_, JPEG_APP0 + 1, 0xffff);
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
    return {jpeg_.image_height, jpeg_.image_width, jpeg_.num_components, 8, orientation()};
  }

  // Returns the rows with interleaved channels.
  std::vector<uint8_t> pixels() {
    jpeg_.out_color_space = jpeg_.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_.dct_method = JDCT_ISLOW;
    const size_t scan = place();
    check_scan(scan);
    jpeg_start_decompress(&jpeg_);
    const size_t row_bytes = size_t{jpeg_.output_width} * static_cast<size_t>(jpeg_.num_components);
    std::vector<uint8_t> pixels(row_bytes * jpeg_.output_height);
    while (jpeg_.output_scanline < jpeg_.output_height) {
      JSAMPROW row = pixels.data() + jpeg_.output_scanline * row_bytes;
      jpeg_read_scanlines(&jpeg_, &row, 1);
    }
    jpeg_finish_decompress(&jpeg_);
    check_zeros(scan, place());
    return pixels;
  }

 private:
  // Of the next byte that libjpeg reads.
  size_t place() const { return bytes_.size() - jpeg_.src->bytes_in_buffer; }

  int orientation() const {
    constexpr std::string_view kExif("Exif\0\0", 6);
    for (auto* marker = jpeg_.marker_list; marker != nullptr; marker = marker->next) {
      const std::string_view data(reinterpret_cast<const char*>(marker->data), marker->data_length);
      if (data.starts_with(kExif)) return exif_orientation(data.substr(kExif.size()));
    }
    return kUpright;
  }

  static JpegCodes codes_of(const JHUFF_TBL& table) {
    JpegCodes codes;
    std::copy_n(std::begin(table.bits) + 1, codes.counts.size(), codes.counts.begin());
    std::copy_n(std::begin(table.huffval), codes.symbols.size(), codes.symbols.begin());
    return codes;
  }

  // Only of files with one sequential scan: nearly all that are not progressive.
  void check_scan(size_t begin) const {
    const bool interleaved = jpeg_.num_components > 1;
    if (jpeg_.arith_code != 0 || jpeg_.progressive_mode != 0 ||
        jpeg_.comps_in_scan != jpeg_.num_components) {
      return;
    }
    JpegScan scan;
    scan.restart_interval = jpeg_.restart_interval;
    const auto units = [](int64_t pixels, int64_t side) { return (pixels + side - 1) / side; };
    scan.units_per_row = interleaved ? units(jpeg_.image_width, DCTSIZE * jpeg_.max_h_samp_factor)
                                     : jpeg_.comp_info[0].width_in_blocks;
    scan.unit_rows = interleaved ? units(jpeg_.image_height, DCTSIZE * jpeg_.max_v_samp_factor)
                                 : jpeg_.comp_info[0].height_in_blocks;
    for (int i = 0; i < jpeg_.comps_in_scan; ++i) {
      const jpeg_component_info& info = *jpeg_.cur_comp_info[i];
      const JHUFF_TBL* dc = jpeg_.dc_huff_tbl_ptrs[info.dc_tbl_no];
      const JHUFF_TBL* ac = jpeg_.ac_huff_tbl_ptrs[info.ac_tbl_no];
      const JQUANT_TBL* divisors = jpeg_.quant_tbl_ptrs[info.quant_tbl_no];
      if (dc == nullptr || ac == nullptr || divisors == nullptr) return;  // libjpeg reports it
      scan.components.push_back({interleaved ? info.h_samp_factor * info.v_samp_factor : 1,
                                 divisors->quantval[0], codes_of(*dc), codes_of(*ac)});
    }
    const auto row = damaged_row(std::string_view(bytes_).substr(begin), scan);
    if (!row) return;
    const int64_t side = DCTSIZE * (interleaved ? jpeg_.max_v_samp_factor : 1);
    throw Error(
        ErrorKind::kData,
        fmt::format("{}: damaged or truncated JPEG: the data of line {} or before is not "
                    "what an encoder writes",
                    file_.string(), std::min(*row * side + side, int64_t{jpeg_.image_height}) - 1));
  }

  // The symbol whose code consists of zero bits.
  static int symbol_of_zeros(const JHUFF_TBL* table) { return table->huffval[0]; }

  // A part of the file that was never written or was zeroed decodes without a warning: to equal
  // coefficients in every block. In files whose tables give the code of zeros to the end of a
  // block, zeros may as well be flat blocks.
  void check_zeros(size_t begin, size_t end) const {
    if (jpeg_.arith_code != 0 || jpeg_.progressive_mode != 0) return;
    const JHUFF_TBL* table = jpeg_.ac_huff_tbl_ptrs[jpeg_.comp_info[0].ac_tbl_no];
    if (table == nullptr || symbol_of_zeros(table) == kEndOfBlock) return;
    const size_t zeros =
        std::string_view(bytes_).substr(begin, end - begin).find(std::string(kMostZeros + 1, '\0'));
    if (zeros == std::string_view::npos) return;
    throw Error(ErrorKind::kData, fmt::format("{}: damaged JPEG: only zeros from byte {} on",
                                              file_.string(), begin + zeros));
  }

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

  const std::string& bytes_;
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
