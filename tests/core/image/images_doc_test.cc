// The table of docs/images.md, row by row: an example of each kind of file is read or refused as
// the row says, and no row is without an example.
#include <ATen/core/Tensor.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <png.h>

#include <charconv>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/image/image_file.h"
#include "tests/core/image/tiff_fixtures.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_images.h"

namespace scgan {
namespace {

namespace fs = std::filesystem;

struct Row {
  std::string file, result;
};

std::vector<Row> documented_rows() {
  std::istringstream text(read_file(SCGAN_IMAGES_DOC));
  std::vector<Row> rows;
  bool in_table = false;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("| file |")) in_table = true;
    if (in_table && line.empty()) break;
    if (!in_table || line.starts_with("| file |") || line.starts_with("|---")) continue;
    const size_t end = line.find(" | ");
    rows.push_back(
        {line.substr(2, end - 2), line.substr(end + 3, line.find(" |", end + 3) - end - 3)});
  }
  return rows;
}

std::string unhex(std::string_view hexadecimal) {
  std::string bytes(hexadecimal.size() / 2, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) {
    unsigned value = 0;
    std::from_chars(hexadecimal.data() + 2 * i, hexadecimal.data() + 2 * i + 2, value, 16);
    bytes[i] = static_cast<char>(value);
  }
  return bytes;
}

class ImagesDocTest : public testing::Test {
 protected:
  using Files = std::vector<std::string>;  // the content of each

  // What a writer of tests/support/test_images.h writes.
  std::string written(const std::function<void(const fs::path&)>& write) const {
    const fs::path file = folder_.path() / "file";
    write(file);
    return read_file(file);
  }
  std::string png8(int channels) const {
    return written([&](const fs::path& file) {
      write_png8(file, 5, 4, channels, std::vector<uint8_t>(static_cast<size_t>(20 * channels), 9));
    });
  }
  std::string png16() const {
    return written(
        [](const fs::path& file) { write_png16(file, 5, 4, 3, std::vector<uint16_t>(60, 999)); });
  }
  std::string jpeg(int channels) const {
    return written([&](const fs::path& file) {
      write_jpeg(file, 16, 24, channels,
                 std::vector<uint8_t>(static_cast<size_t>(384 * channels), 9));
    });
  }

  // 4 x 4 pixels of any kind that PNG has.
  static std::string png(int bits, int colour, bool transparent = false) {
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
    png_infop info = png_create_info_struct(png);
    std::string bytes;
    png_set_write_fn(
        png, &bytes,
        [](png_structp to, png_bytep from, size_t count) {
          static_cast<std::string*>(png_get_io_ptr(to))
              ->append(reinterpret_cast<char*>(from), count);
        },
        [](png_structp) {});
    png_set_IHDR(png, info, 4, 4, bits, colour, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    const std::vector<png_color> palette(256, png_color{1, 2, 3});
    if (colour == PNG_COLOR_TYPE_PALETTE) png_set_PLTE(png, info, palette.data(), 1 << bits);
    const png_color_16 clear{};
    if (transparent) png_set_tRNS(png, info, nullptr, 0, &clear);
    png_write_info(png, info);
    const std::vector<png_byte> row(16, 0);
    for (int y = 0; y < 4; ++y) png_write_row(png, row.data());
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    return bytes;
  }
  static std::string with_chunk(std::string bytes, const std::string& chunk) {
    return bytes.insert(bytes.find("IDAT") - 4, chunk);
  }

  // The example of each row.
  std::map<std::string, Files> examples() const;

  std::string outcome(const std::string& bytes) const {
    try {
      const ImageInfo info = image_info(bytes, "a");
      const at::Tensor image = decode_image(bytes, "a");
      EXPECT_EQ(image.sizes(), at::IntArrayRef({3, info.height, info.width}));
      return "read";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kData);
      EXPECT_THAT(error.what(), testing::StartsWith("a: "));
      return "refused";
    }
  }

  TempDir folder_;
};

// An EXIF block of orientation 6 as a PNG chunk and as a JPEG segment; an animation of two images.
const std::string kExif("II\x2a\0\x08\0\0\0\1\0\x12\x01\3\0\1\0\0\0\6\0\0\0\0\0\0\0", 26);
const std::string kExifChunk = std::string("\0\0\0\x1a", 4) + "eXIf" + kExif + "\xb7\x48\x11\x29";
const std::string kExifSegment = std::string(
                                     "\xff\xe1\0\x22"
                                     "Exif\0\0",
                                     10) +
                                 kExif;
const std::string kAnimationChunk(
    "\0\0\0\x08"
    "acTL\0\0\0\2\0\0\0\0\xf3\x8d\x93\x70",
    20);

std::map<std::string, ImagesDocTest::Files> ImagesDocTest::examples() const {
  using namespace fixtures;
  const auto all = [](std::initializer_list<std::string_view> fixtures) {
    Files files;
    for (const std::string_view fixture : fixtures) files.push_back(unhex(fixture));
    return files;
  };
  const std::string photo = jpeg(3);
  const std::string truncated_png = png8(3);
  return {
      {"PNG, 8 bit, RGB", {png8(3)}},
      {"PNG, 8 bit, grey", {png8(1)}},
      {"PNG, 1, 2 or 4 bit, grey",
       {png(1, PNG_COLOR_TYPE_GRAY), png(2, PNG_COLOR_TYPE_GRAY), png(4, PNG_COLOR_TYPE_GRAY)}},
      {"PNG, palette", {png(8, PNG_COLOR_TYPE_PALETTE), png(4, PNG_COLOR_TYPE_PALETTE)}},
      {"PNG, 16 bit", {png16(), png(16, PNG_COLOR_TYPE_GRAY)}},
      {"PNG with an EXIF orientation", {with_chunk(png8(3), kExifChunk)}},
      {"PNG with alpha or a transparent colour",
       {png8(2), png8(4), png(8, PNG_COLOR_TYPE_GRAY, true)}},
      {"PNG, animated", {with_chunk(png8(3), kAnimationChunk)}},
      {"JPEG, grey or colour", {jpeg(1), photo}},
      {"JPEG, progressive", {unhex(kJpegProgressive)}},
      {"JPEG with an EXIF orientation", {photo.substr(0, 2) + kExifSegment + photo.substr(2)}},
      {"JPEG with previews or further images behind it (MPO)", {photo + photo}},
      {"JPEG, CMYK", {jpeg(4)}},
      {"TIFF, 8 bit, grey or RGB", all({kGrey8Strips, kRgb8Lzw})},
      {"TIFF, 16 bit unsigned, grey or RGB", all({kGrey16Zstd, kRgb16Deflate})},
      {"TIFF, 32-bit float, grey or RGB", all({kFloat32, kFloatRgbTiles})},
      {"TIFF, float with NaN or infinite pixels", all({kNotFinite})},
      {"TIFF, big-endian", all({kGrey16BigEndian, kFloat32BigEndianDeflate})},
      {"TIFF, BigTIFF", all({kGrey16Big})},
      {"TIFF, tiles", all({kGrey16Tiles, kFloatRgbTiles})},
      {"TIFF, one plane per channel", all({kRgb8Planar, kRgb8TilesPlanar})},
      {"TIFF, zero is white", all({kGrey8White, kGrey16White})},
      {"TIFF, LZW, Deflate, PackBits or Zstandard",
       all({kRgb8Lzw, kRgb16Deflate, kGrey8PackBits, kGrey16Zstd})},
      {"TIFF, JPEG inside", all({kJpegYcbcr})},
      {"TIFF, other compression", all({kFax})},
      {"TIFF with an orientation", all({kOrientation3, kOrientation6})},
      {"TIFF with thumbnails or pyramid levels", all({kThumbnailFirst, kPyramid})},
      {"TIFF with pyramid levels in SubIFDs", all({kPyramidInSubdirectory})},
      {"TIFF with only reduced images", all({kOnlyReduced})},
      {"TIFF with another full image in SubIFDs", all({kOtherInSubdirectory})},
      {"TIFF, several pages", all({kTwoPages})},
      {"TIFF, ImageJ stack", all({kImageJStack, kImageJHyperstack})},
      {"TIFF, tifffile stack", all({kTruncatedShape, kOldShape, kShapeOfRgb})},
      {"TIFF, OME stack", all({kOmeStack})},
      {"TIFF, OME, one plane of several files", all({kOmeOfSeveralFiles})},
      {"TIFF, OME, RGB", all({kOmeRgb})},
      {"TIFF, MetaMorph stack", all({kMetaMorph})},
      {"TIFF, uncompressed, with unused bytes for another image",
       {unhex(kGrey8White) + std::string(5000, '\0')}},
      {"TIFF, volume", all({kVolume})},
      {"TIFF, palette", all({kPalette})},
      {"TIFF, alpha or extra channels", all({kRgba, kGreyAlpha})},
      {"TIFF, several channels marked as grey", all({kThreeGreys})},
      {"TIFF, CMYK", all({kCmyk})},
      {"TIFF, 16 bit signed", all({kSigned16})},
      {"TIFF, 32 bit integer", all({kUnsigned32})},
      {"TIFF, float of 16 or 64 bits", all({kFloat16, kFloat64})},
      {"TIFF, complex", all({kComplex})},
      {"TIFF, 1 bit", all({kOneBit})},
      {"another format", {"GIF89a, say", "BM", "not an image"}},
      {"an empty file", {""}},
      {"a truncated file",
       {photo.substr(0, photo.size() - 9), truncated_png.substr(0, truncated_png.size() - 9),
        unhex(kGrey8Strips).substr(0, 200)}},
  };
}

TEST_F(ImagesDocTest, EveryRowIsTrueAndHasAnExample) {
  const std::map<std::string, Files> known = examples();
  const std::vector<Row> rows = documented_rows();
  for (const Row& row : rows) {
    const auto files = known.find(row.file);
    if (files == known.end()) {
      ADD_FAILURE() << "no example of \"" << row.file << "\"";
      continue;
    }
    for (const std::string& bytes : files->second)
      EXPECT_EQ(outcome(bytes), row.result) << row.file;
  }
  EXPECT_EQ(rows.size(), known.size()) << "an example has no row, or two rows are alike";
}

}  // namespace
}  // namespace scgan
