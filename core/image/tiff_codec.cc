#include "core/image/tiff_codec.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>
#include <tiffio.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/base/error.h"
#include "core/image/deflate_check.h"
#include "core/image/tiff_source.h"
#include "core/image/tiff_stack.h"
#include "core/image/tiff_words.h"

namespace scgan {
namespace {

constexpr uint64_t kMostPadding = 4096;  // that writers leave between or after what they use
constexpr int kMostPages = 64;           // more than enough: pyramids have about a dozen

// A supported compression, and the most bytes that one byte of the file can expand to.
struct Compression {
  uint16_t scheme;
  int64_t most_inflated;
};
constexpr std::array<Compression, 7> kCompressions{{{COMPRESSION_NONE, 1},
                                                    {COMPRESSION_PACKBITS, 64},
                                                    {COMPRESSION_LZW, 4096},
                                                    {COMPRESSION_ADOBE_DEFLATE, 1032},
                                                    {COMPRESSION_DEFLATE, 1032},
                                                    {COMPRESSION_ZSTD, 32768},
                                                    {COMPRESSION_JPEG, 2048}}};

// A strip or tile of the image.
struct Chunk {
  uint32_t index = 0;
  // In planar files, the one channel that the chunk holds.
  int64_t plane = 0;
  int64_t top = 0, left = 0;
  // Size of the part that lies inside the image.
  int64_t height = 0, width = 0;
  // Number of samples from the start of one row to the next.
  int64_t row_samples = 0;
};

class TiffReader {
 public:
  TiffReader(const std::string& bytes, const std::filesystem::path& file)
      : file_(file), source_(bytes), tiff_(source_.open()) {
    if (!tiff_) fail_as_damaged();
    choose_page();
    check_kind();
    check_size();
    check_stack();
  }

  ImageInfo info() const { return info_; }

  // Returns the image [3, H, W]. Sample is the type of the samples in the file.
  template <typename Sample, typename Value>
  at::Tensor planes() {
    at::Tensor image =
        at::empty({3, info_.height, info_.width}, c10::CppTypeToScalarType<Value>::value);
    auto* first = image.mutable_data_ptr<Value>();
    const int64_t pixels = info_.height * info_.width;
    read_chunks<Sample>(first);
    if constexpr (std::is_same_v<Sample, float>) {
      check_finite(first, info_.channels * pixels);
    } else if (value(TIFFTAG_PHOTOMETRIC) == PHOTOMETRIC_MINISWHITE) {
      const auto white = static_cast<Value>(std::numeric_limits<Sample>::max());
      std::transform(first, first + pixels, first, [&](Value v) { return white - v; });
    }
    for (int64_t channel = info_.channels; channel < 3; ++channel) {
      std::copy(first, first + pixels, first + channel * pixels);
    }
    return image;
  }

 private:
  [[noreturn]] void fail(const std::string& text) const {
    throw Error(ErrorKind::kData, fmt::format("{}: {}", file_.string(), text));
  }
  [[noreturn]] void fail_as_damaged() const {
    fail(fmt::format("damaged or truncated TIFF: {}", source_.error_text().empty()
                                                          ? "libtiff cannot read it"
                                                          : source_.error_text().c_str()));
  }

  // Returns the value of a tag that holds one number, or its default.
  int value(uint32_t tag) const {
    uint16_t number = 0;
    return TIFFGetFieldDefaulted(tiff_.get(), tag, &number) == 1 ? number : -1;
  }
  int64_t large_value(uint32_t tag) const {
    uint32_t number = 0;
    return TIFFGetFieldDefaulted(tiff_.get(), tag, &number) == 1 ? number : -1;
  }

  bool is_reduced() const {
    return (std::max<int64_t>(large_value(TIFFTAG_SUBFILETYPE), 0) & FILETYPE_REDUCEDIMAGE) != 0;
  }

  // Selects the one page that is not a reduced version of another.
  void choose_page() {
    int pages = 0;
    int whole = 0;
    tdir_t chosen = 0;
    do {
      if (++pages > kMostPages) fail(fmt::format("has more than {} pages", kMostPages));
      if (is_reduced()) continue;
      if (whole++ == 0) chosen = TIFFCurrentDirectory(tiff_.get());
    } while (TIFFReadDirectory(tiff_.get()) == 1);
    if (!source_.error_text().empty()) fail_as_damaged();
    if (whole > 1) {
      fail(
          fmt::format("has {} pages; it must hold one image, so save each page (channel, "
                      "slice or time) as a file of its own",
                      whole));
    }
    if (whole == 0 && pages > 1) fail("holds only reduced versions of an image (thumbnails)");
    if (TIFFSetDirectory(tiff_.get(), chosen) != 1) fail_as_damaged();
  }

  [[noreturn]] void fail_as_stack(const std::string& sign) const {
    fail(
        fmt::format("{}; it must hold one image, so save each image of the stack (channel, slice "
                    "or time) as a file of its own",
                    sign));
  }

  // Rejects stacks that TIFF stores as one page.
  void check_stack() const {
    if (const int64_t depth = large_value(TIFFTAG_IMAGEDEPTH); depth > 1) {
      fail_as_stack(fmt::format("has a depth of {} slices", depth));
    }
    const char* text = nullptr;
    if (TIFFGetField(tiff_.get(), TIFFTAG_IMAGEDESCRIPTION, &text) == 1 && text != nullptr) {
      const int64_t images = described_images(text, {info_.height, info_.width, info_.channels});
      if (images > 1) {
        fail_as_stack(fmt::format("is a stack of {} images, as its ImageDescription says", images));
      }
    }
    const TiffLayout layout = tiff_layout(source_.bytes());
    if (layout.metamorph_planes > 1) {
      fail_as_stack(fmt::format("is a MetaMorph stack of {} images", layout.metamorph_planes));
    }
    if (layout.has_other_image) fail_as_stack("holds another image in a sub-directory (SubIFDs)");
    check_unreferenced(layout.unreferenced);
  }

  // Stacks of programs that describe them elsewhere: the other images follow the first one.
  void check_unreferenced(uint64_t bytes) const {
    if (value(TIFFTAG_COMPRESSION) != COMPRESSION_NONE) return;
    const auto image = static_cast<uint64_t>(image_bytes());
    if (TIFFNumberOfStrips(tiff_.get()) == 1 && TIFFIsTiled(tiff_.get()) == 0) {
      const uint64_t held =
          std::min<uint64_t>(TIFFGetStrileByteCount(tiff_.get(), 0), source_.size());
      bytes += std::max(held, image) - image;
    }
    if (bytes < std::max(image, kMostPadding)) return;
    fail_as_stack(
        fmt::format("has {} bytes more than its image of {} bytes, as stacks have", bytes, image));
  }

  void check_kind() {
    const int scheme = value(TIFFTAG_COMPRESSION);
    const auto* known = std::find_if(kCompressions.begin(), kCompressions.end(),
                                     [&](const Compression& c) { return c.scheme == scheme; });
    const TIFFCodec* codec = TIFFFindCODEC(static_cast<uint16_t>(scheme));
    if (known == kCompressions.end() || TIFFIsCODECConfigured(known->scheme) != 1) {
      fail(
          fmt::format("is compressed by {}; save it uncompressed or with LZW, Deflate, PackBits, "
                      "Zstandard or JPEG",
                      codec != nullptr ? codec->name : fmt::format("scheme {}", scheme).c_str()));
    }
    most_inflated_ = known->most_inflated;
    check_channels(scheme == COMPRESSION_JPEG);
    check_samples();
    info_.orientation = value(TIFFTAG_ORIENTATION);
  }

  void check_channels(bool jpeg) {
    uint16_t photometric = 0;
    if (TIFFGetField(tiff_.get(), TIFFTAG_PHOTOMETRIC, &photometric) != 1) {
      fail("damaged TIFF: does not say whether it is grey or RGB (PhotometricInterpretation)");
    }
    const bool grey =
        photometric == PHOTOMETRIC_MINISBLACK || photometric == PHOTOMETRIC_MINISWHITE;
    const bool colour =
        photometric == PHOTOMETRIC_RGB || (photometric == PHOTOMETRIC_YCBCR && jpeg);
    if (!grey && !colour) {
      fail(fmt::format("is {} image; it must be RGB or grey", photometric_text(photometric)));
    }
    info_.channels = value(TIFFTAG_SAMPLESPERPIXEL);
    if (info_.channels != (grey ? 1 : 3)) {
      fail(fmt::format("has {} channels, {}; it must have 3 (RGB) or 1 (grey)", info_.channels,
                       extra_text(grey)));
    }
    if (photometric == PHOTOMETRIC_YCBCR) {
      TIFFSetField(tiff_.get(), TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    }
  }

  std::string extra_text(bool grey) const {
    uint16_t count = 0;
    const uint16_t* kinds = nullptr;
    TIFFGetFieldDefaulted(tiff_.get(), TIFFTAG_EXTRASAMPLES, &count, &kinds);
    const bool alpha = std::any_of(kinds, kinds + (kinds == nullptr ? 0 : count), [](uint16_t k) {
      return k == EXTRASAMPLE_ASSOCALPHA || k == EXTRASAMPLE_UNASSALPHA;
    });
    if (alpha) return "one of them alpha (transparency)";
    return grey ? "marked as grey, not as RGB" : "not only red, green and blue";
  }

  void check_samples() {
    info_.bits = value(TIFFTAG_BITSPERSAMPLE);
    const int format = value(TIFFTAG_SAMPLEFORMAT);
    const bool whole = format == SAMPLEFORMAT_UINT || format == SAMPLEFORMAT_VOID;
    const bool known = (whole && (info_.bits == 8 || info_.bits == 16)) ||
                       (format == SAMPLEFORMAT_IEEEFP && info_.bits == 32);
    if (!known) {
      fail(fmt::format("has {} pixels; they must be 8 or 16 bit unsigned or 32-bit float",
                       pixels_text(static_cast<int>(info_.bits), format)));
    }
    if (info_.bits == 32 && value(TIFFTAG_PHOTOMETRIC) == PHOTOMETRIC_MINISWHITE) {
      fail("is a float image in which small values are white; save it with black as its minimum");
    }
  }

  // Runs before any memory is allocated for the pixels: a short file cannot hold a large image.
  void check_size() {
    info_.height = large_value(TIFFTAG_IMAGELENGTH);
    info_.width = large_value(TIFFTAG_IMAGEWIDTH);
    if (info_.height < 1 || info_.width < 1) fail("damaged TIFF: has no width or height");
    if (info_.height > kMaxImageSide || info_.width > kMaxImageSide) {
      fail(fmt::format("{} x {} pixels are more than {} per side", info_.width, info_.height,
                       kMaxImageSide));
    }
    const auto held = static_cast<double>(source_.size()) * static_cast<double>(most_inflated_);
    const int64_t wanted = image_bytes();
    const uint64_t chunk =
        TIFFIsTiled(tiff_.get()) != 0 ? TIFFTileSize64(tiff_.get()) : TIFFStripSize64(tiff_.get());
    if (static_cast<double>(wanted) > held || static_cast<double>(chunk) > held || chunk == 0) {
      fail(fmt::format("damaged or truncated TIFF: {} bytes cannot hold {} x {} pixels",
                       source_.size(), info_.width, info_.height));
    }
  }

  int64_t image_bytes() const {
    return info_.height * info_.width * info_.channels * (info_.bits / 8);
  }

  bool is_planar() const {
    return info_.channels == 3 && value(TIFFTAG_PLANARCONFIG) == PLANARCONFIG_SEPARATE;
  }
  int64_t chunk_channels() const { return is_planar() ? 1 : info_.channels; }

  std::vector<Chunk> strips() const {
    const int64_t height = std::min(large_value(TIFFTAG_ROWSPERSTRIP), info_.height);
    std::vector<Chunk> all;
    for (int64_t plane = 0; plane < (is_planar() ? 3 : 1); ++plane) {
      for (int64_t top = 0; top < info_.height; top += height) {
        all.push_back({static_cast<uint32_t>(all.size()), plane, top, 0,
                       std::min(height, info_.height - top), info_.width,
                       info_.width * chunk_channels()});
      }
    }
    return all;
  }

  std::vector<Chunk> tiles() const {
    const int64_t height = large_value(TIFFTAG_TILELENGTH);
    const int64_t width = large_value(TIFFTAG_TILEWIDTH);
    std::vector<Chunk> all;
    for (int64_t plane = 0; plane < (is_planar() ? 3 : 1); ++plane) {
      for (int64_t top = 0; top < info_.height; top += height) {
        for (int64_t left = 0; left < info_.width; left += width) {
          all.push_back({static_cast<uint32_t>(all.size()), plane, top, left,
                         std::min(height, info_.height - top), std::min(width, info_.width - left),
                         width * chunk_channels()});
        }
      }
    }
    return all;
  }

  template <typename Sample, typename Value>
  void read_chunks(Value* image) {
    const bool tiled = TIFFIsTiled(tiff_.get()) != 0;
    const tmsize_t most = tiled ? TIFFTileSize(tiff_.get()) : TIFFStripSize(tiff_.get());
    std::vector<Sample> samples(static_cast<size_t>(most) / sizeof(Sample) + 1);
    for (const Chunk& chunk : tiled ? tiles() : strips()) {
      const auto wanted =
          static_cast<tmsize_t>(static_cast<size_t>((chunk.height - 1) * chunk.row_samples +
                                                    chunk.width * chunk_channels()) *
                                sizeof(Sample));
      if (wanted > most) fail_as_damaged();
      if (TIFFGetStrileOffset(tiff_.get(), chunk.index) == 0) {
        fail(fmt::format("damaged TIFF: {} {} is missing", tiled ? "tile" : "strip", chunk.index));
      }
      const tmsize_t read =
          tiled ? TIFFReadEncodedTile(tiff_.get(), chunk.index, samples.data(), most)
                : TIFFReadEncodedStrip(tiff_.get(), chunk.index, samples.data(), most);
      if (read < wanted || source_.damaged()) fail_as_damaged();
      if (is_deflate()) check_sum(chunk.index);
      copy_chunk(chunk, samples.data(), image);
    }
  }

  bool is_deflate() const {
    const int scheme = value(TIFFTAG_COMPRESSION);
    return (scheme == COMPRESSION_ADOBE_DEFLATE || scheme == COMPRESSION_DEFLATE) &&
           value(TIFFTAG_FILLORDER) == FILLORDER_MSB2LSB;
  }

  // libtiff stops when it has enough pixels, which may be before the checksum.
  void check_sum(uint32_t chunk) const {
    const std::string& bytes = source_.bytes();
    const size_t begin = std::min<uint64_t>(TIFFGetStrileOffset(tiff_.get(), chunk), bytes.size());
    const size_t count =
        std::min<uint64_t>(TIFFGetStrileByteCount(tiff_.get(), chunk), bytes.size() - begin);
    if (!is_whole_deflate(std::string_view(bytes).substr(begin, count))) {
      fail(fmt::format("damaged or truncated TIFF: the checksum of strip or tile {} is wrong",
                       chunk));
    }
  }

  template <typename Sample, typename Value>
  void copy_chunk(const Chunk& chunk, const Sample* samples, Value* image) const {
    const int64_t channels = chunk_channels();
    for (int64_t channel = 0; channel < channels; ++channel) {
      Value* plane = image + (chunk.plane + channel) * info_.height * info_.width;
      for (int64_t y = 0; y < chunk.height; ++y) {
        const Sample* from = samples + y * chunk.row_samples + channel;
        Value* to = plane + (chunk.top + y) * info_.width + chunk.left;
        for (int64_t x = 0; x < chunk.width; ++x) to[x] = static_cast<Value>(from[x * channels]);
      }
    }
  }

  void check_finite(const float* values, int64_t count) const {
    const float* bad =
        std::find_if(values, values + count, [](float v) { return !std::isfinite(v); });
    if (bad == values + count) return;
    const int64_t pixel = (bad - values) % (info_.height * info_.width);
    fail(fmt::format("the pixel in column {}, line {} is {}; all must be finite numbers",
                     pixel % info_.width, pixel / info_.width, *bad));
  }

  std::filesystem::path file_;
  TiffSource source_;
  TiffHandle tiff_;
  ImageInfo info_;
  int64_t most_inflated_ = 1;
};

}  // namespace

ImageInfo tiff_info(const std::string& bytes, const std::filesystem::path& file) {
  return TiffReader(bytes, file).info();
}

at::Tensor decode_tiff(const std::string& bytes, const std::filesystem::path& file) {
  TiffReader reader(bytes, file);
  switch (reader.info().bits) {
    case 8:
      return reader.planes<uint8_t, uint8_t>();
    case 16:
      return reader.planes<uint16_t, float>();
    default:
      return reader.planes<float, float>();
  }
}

}  // namespace scgan
