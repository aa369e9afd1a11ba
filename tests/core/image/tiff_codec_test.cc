#include "core/image/tiff_codec.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <charconv>
#include <string_view>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/image/image_file.h"
#include "core/image/tiff_source.h"
#include "tests/core/image/tiff_fixtures.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_images.h"

namespace scgan {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string bytes_of(std::string_view hexadecimal) {
  std::string bytes(hexadecimal.size() / 2, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) {
    unsigned value = 0;
    std::from_chars(hexadecimal.data() + 2 * i, hexadecimal.data() + 2 * i + 2, value, 16);
    bytes[i] = static_cast<char>(value);
  }
  return bytes;
}

at::Tensor decoded(std::string_view hexadecimal) {
  return decode_tiff(bytes_of(hexadecimal), "a.tif");
}

std::string refusal_of(const std::string& bytes) {
  return data_error_of([&] { decode_tiff(bytes, "a.tif"); });
}
std::string refusal_of(std::string_view hexadecimal) { return refusal_of(bytes_of(hexadecimal)); }

struct Axes {
  at::Tensor channel, line, column;
};
Axes axes(int64_t height, int64_t width, int64_t channels) {
  return {at::arange(channels).view({channels, 1, 1}), at::arange(height).view({1, height, 1}),
          at::arange(width).view({1, 1, width})};
}

// The formulas of make_tiff_fixtures.py.
at::Tensor eight_bits(int64_t height, int64_t width, int64_t channels) {
  const auto [c, y, x] = axes(height, width, channels);
  return (y * 37 + x * 11 + c * 90 + 5).remainder(256).to(at::kByte).expand({3, height, width});
}
at::Tensor sixteen_bits(int64_t height, int64_t width, int64_t channels) {
  const auto [c, y, x] = axes(height, width, channels);
  return (y * 9001 + x * 1234 + c * 20000 + 77)
      .remainder(65536)
      .to(at::kFloat)
      .expand({3, height, width});
}
at::Tensor floats(int64_t height, int64_t width, int64_t channels) {
  const auto [c, y, x] = axes(height, width, channels);
  return (y * 1.5 - x * 0.25 + c * 100).to(at::kFloat).expand({3, height, width});
}

void expect_pixels(std::string_view hexadecimal, const at::Tensor& pixels) {
  const at::Tensor image = decoded(hexadecimal);
  ASSERT_EQ(image.scalar_type(), pixels.scalar_type());
  EXPECT_TRUE(at::equal(image, pixels)) << image << pixels;
}

TEST(TiffCodecTest, ReadsEightBits) {
  expect_pixels(fixtures::kGrey8Strips, eight_bits(6, 7, 1));
  expect_pixels(fixtures::kGrey8PackBits, eight_bits(6, 7, 1));
  expect_pixels(fixtures::kRgb8Lzw, eight_bits(6, 7, 3));
  expect_pixels(fixtures::kRgb8Planar, eight_bits(6, 7, 3));
  expect_pixels(fixtures::kRgb8TilesPlanar, eight_bits(20, 18, 3));
}

TEST(TiffCodecTest, ReadsSixteenBits) {
  expect_pixels(fixtures::kGrey16BigEndian, sixteen_bits(6, 7, 1));
  expect_pixels(fixtures::kGrey16Big, sixteen_bits(6, 7, 1));
  expect_pixels(fixtures::kGrey16Zstd, sixteen_bits(6, 7, 1));
  expect_pixels(fixtures::kRgb16Deflate, sixteen_bits(6, 7, 3));
  expect_pixels(fixtures::kGrey16Tiles, sixteen_bits(20, 18, 1));
}

TEST(TiffCodecTest, ReadsFloats) {
  expect_pixels(fixtures::kFloat32, floats(6, 7, 1));
  expect_pixels(fixtures::kFloat32BigEndianDeflate, floats(6, 7, 1));
  expect_pixels(fixtures::kFloat32Predictor, floats(6, 7, 1));
  expect_pixels(fixtures::kFloatRgbTiles, floats(20, 18, 3));
}

TEST(TiffCodecTest, ValuesAreInvertedIfZeroIsWhite) {
  expect_pixels(fixtures::kGrey8White, eight_bits(6, 7, 1));
  expect_pixels(fixtures::kGrey16White, sixteen_bits(6, 7, 1));
}

TEST(TiffCodecTest, JpegInsideBecomesRgb) {
  const at::Tensor image = decoded(fixtures::kJpegYcbcr).to(at::kInt);
  ASSERT_EQ(image.sizes(), (std::vector<int64_t>{3, 16, 16}));
  EXPECT_LE((image - at::tensor({200, 100, 50}).view({3, 1, 1})).abs().max().item<int>(), 3);
}

TEST(TiffCodecTest, ReducedPagesAreIgnored) {
  expect_pixels(fixtures::kThumbnailFirst, eight_bits(6, 7, 1));
  expect_pixels(fixtures::kPyramid, eight_bits(6, 7, 1));
}

TEST(TiffCodecTest, ReducedImagesInSubdirectoriesAreIgnored) {
  expect_pixels(fixtures::kPyramidInSubdirectory, eight_bits(6, 7, 1));
}

TEST(TiffCodecTest, DescriptionsOfOneImageAreAccepted) {
  expect_pixels(fixtures::kOneOfAShape, eight_bits(6, 7, 1));
  expect_pixels(fixtures::kShapeOfAnotherSize, eight_bits(6, 7, 1));
  expect_pixels(fixtures::kImageJOne, eight_bits(6, 7, 1));
  expect_pixels(fixtures::kOmeRgb, eight_bits(6, 7, 3));
  expect_pixels(fixtures::kOmeOfSeveralFiles, eight_bits(6, 7, 1));
}

TEST(TiffCodecTest, ImagesOfEveryOrientationBecomeUpright) {
  int orientation = 2;
  for (const std::string_view fixture :
       {fixtures::kOrientation2, fixtures::kOrientation3, fixtures::kOrientation4,
        fixtures::kOrientation5, fixtures::kOrientation6, fixtures::kOrientation7,
        fixtures::kOrientation8}) {
    const std::string bytes = bytes_of(fixture);
    const ImageInfo info = image_info(bytes, "a.tif");
    EXPECT_EQ(info.orientation, orientation);
    EXPECT_EQ(info.height, 6);
    EXPECT_EQ(info.width, 7);
    EXPECT_TRUE(at::equal(decode_image(bytes, "a.tif"), eight_bits(6, 7, 1))) << orientation;
    ++orientation;
  }
}

TEST(TiffCodecTest, InfoHasSizeChannelsAndDepth) {
  const ImageInfo info = tiff_info(bytes_of(fixtures::kRgb16Deflate), "a.tif");
  EXPECT_EQ(info.height, 6);
  EXPECT_EQ(info.width, 7);
  EXPECT_EQ(info.channels, 3);
  EXPECT_EQ(info.bits, 16);
  EXPECT_EQ(tiff_info(bytes_of(fixtures::kFloat32), "a.tif").bits, 32);
  EXPECT_EQ(tiff_info(bytes_of(fixtures::kGrey8Strips), "a.tif").channels, 1);
}

TEST(TiffCodecTest, SeveralImagesInOneFileAreRefused) {
  EXPECT_THAT(refusal_of(fixtures::kTwoPages), AllOf(HasSubstr("a.tif"), HasSubstr("2 pages")));
  EXPECT_THAT(refusal_of(fixtures::kVolume), HasSubstr("depth of 16"));
  EXPECT_THAT(refusal_of(fixtures::kMetaMorph), HasSubstr("MetaMorph stack of 3 images"));
  EXPECT_THAT(refusal_of(fixtures::kOtherInSubdirectory), HasSubstr("SubIFDs"));
  EXPECT_THAT(refusal_of(fixtures::kOnlyReduced), HasSubstr("only reduced versions"));
}

TEST(TiffCodecTest, StacksBehindOneDirectoryAreRefused) {
  EXPECT_THAT(refusal_of(fixtures::kImageJStack), HasSubstr("stack of 5 images"));
  EXPECT_THAT(refusal_of(fixtures::kImageJHyperstack), HasSubstr("stack of 6 images"));
  EXPECT_THAT(refusal_of(fixtures::kTruncatedShape), HasSubstr("stack of 3 images"));
  EXPECT_THAT(refusal_of(fixtures::kOldShape), HasSubstr("stack of 3 images"));
  EXPECT_THAT(refusal_of(fixtures::kShapeOfRgb), HasSubstr("stack of 4 images"));
  EXPECT_THAT(refusal_of(fixtures::kOmeStack),
              AllOf(HasSubstr("a.tif: is a stack of 3 images"), HasSubstr("a file of its own")));
}

TEST(TiffCodecTest, OtherKindsOfImageAreNamed) {
  EXPECT_THAT(refusal_of(fixtures::kPalette), AllOf(HasSubstr("a.tif"), HasSubstr("palette")));
  EXPECT_THAT(refusal_of(fixtures::kCmyk), HasSubstr("CMYK"));
  EXPECT_THAT(refusal_of(fixtures::kRgba), AllOf(HasSubstr("4 channels"), HasSubstr("alpha")));
  EXPECT_THAT(refusal_of(fixtures::kGreyAlpha), AllOf(HasSubstr("2 channels"), HasSubstr("alpha")));
  EXPECT_THAT(refusal_of(fixtures::kThreeGreys), HasSubstr("3 channels, marked as grey"));
  EXPECT_THAT(refusal_of(fixtures::kFax), HasSubstr("CCITT Group 4"));
}

TEST(TiffCodecTest, OtherTypesOfPixelsAreNamed) {
  EXPECT_THAT(refusal_of(fixtures::kSigned16), HasSubstr("16-bit signed"));
  EXPECT_THAT(refusal_of(fixtures::kUnsigned32), HasSubstr("32-bit unsigned"));
  EXPECT_THAT(refusal_of(fixtures::kFloat16), HasSubstr("16-bit float"));
  EXPECT_THAT(refusal_of(fixtures::kFloat64), HasSubstr("64-bit float"));
  EXPECT_THAT(refusal_of(fixtures::kComplex), HasSubstr("64-bit complex"));
  EXPECT_THAT(refusal_of(fixtures::kOneBit), HasSubstr("1-bit unsigned"));
}

TEST(TiffCodecTest, PixelThatIsNotANumberIsNamed) {
  EXPECT_THAT(refusal_of(fixtures::kNotFinite), HasSubstr("column 3, line 2 is nan"));
}

// The place of a tag's value in a little-endian file with one directory at byte 8.
size_t value_of(const std::string& bytes, uint16_t tag) {
  const auto number = [&](size_t at) {
    return static_cast<unsigned char>(bytes[at]) + 256 * static_cast<unsigned char>(bytes[at + 1]);
  };
  for (int entry = 0; entry < number(8); ++entry) {
    const size_t at = 10 + 12 * static_cast<size_t>(entry);
    if (number(at) == tag) return at + 8;
  }
  ADD_FAILURE() << "no tag " << tag;
  return 0;
}

void set_value(std::string& bytes, uint16_t tag, uint32_t value) {
  for (size_t i = 0; i < 4; ++i) {
    bytes[value_of(bytes, tag) + i] = static_cast<char>(value >> (8 * i) & 0xff);
  }
}

TEST(TiffCodecTest, ImagesBehindTheFirstAreNoticedWithoutADescription) {
  std::string bytes = bytes_of(fixtures::kGrey8White);                          // 6 x 7
  EXPECT_EQ(decode_tiff(bytes + std::string(4000, '\0'), "a.tif").size(1), 6);  // padding
  EXPECT_THAT(refusal_of(bytes + std::string(5000, '\0')),
              HasSubstr("bytes more than its image of 42"));
  // A strip of two images of 64 x 64.
  set_value(bytes, 256, 64);
  set_value(bytes, 257, 64);
  set_value(bytes, 278, 64);
  set_value(bytes, 273, static_cast<uint32_t>(bytes.size()));
  set_value(bytes, 279, 4096);
  EXPECT_EQ(decode_tiff(bytes + std::string(4096, '\0'), "a.tif").size(1), 64);
  set_value(bytes, 279, 8192);
  EXPECT_THAT(refusal_of(bytes + std::string(8192, '\0')),
              HasSubstr("bytes more than its image of 4096"));
}

TEST(TiffCodecTest, ShortFileThatClaimsAHugeImageIsRefused) {
  for (const auto& fixture : {fixtures::kGrey8Strips, fixtures::kRgb16Deflate}) {
    std::string bytes = bytes_of(fixture);
    bytes.replace(value_of(bytes, 256), 4, std::string("\x60\xea\0\0", 4));
    bytes.replace(value_of(bytes, 257), 4, std::string("\x60\xea\0\0", 4));
    EXPECT_THAT(refusal_of(bytes), HasSubstr("cannot hold 60000 x 60000 pixels"));
    bytes.replace(value_of(bytes, 256), 4, "\xff\xff\xff\x7f");
    EXPECT_THAT(refusal_of(bytes), HasSubstr("more than 65500 per side"));
  }
  std::string tiles = bytes_of(fixtures::kGrey16Tiles);
  tiles.replace(value_of(tiles, 322), 4, std::string("\0\0\xff\x0f", 4));  // a tile's width
  EXPECT_THAT(refusal_of(tiles), HasSubstr("cannot hold"));
}

TEST(TiffCodecTest, WrongCountsOfStripsAreErrors) {
  std::string bytes = bytes_of(fixtures::kGrey8Strips);
  bytes.replace(value_of(bytes, 278), 2, std::string("\1\0", 2));  // 1 line per strip, not 4
  EXPECT_THAT(refusal_of(bytes), HasSubstr("strip 2 is missing"));
  bytes = bytes_of(fixtures::kRgb16Deflate);
  bytes.replace(value_of(bytes, 273), 4, "\xff\xff\xff\xff");  // the strip's place
  EXPECT_THAT(refusal_of(bytes), HasSubstr("damaged or truncated"));
}

constexpr std::array kGoodFixtures{
    fixtures::kGrey8Strips, fixtures::kGrey8PackBits,    fixtures::kGrey16BigEndian,
    fixtures::kGrey16Big,   fixtures::kGrey16Zstd,       fixtures::kRgb8Lzw,
    fixtures::kRgb8Planar,  fixtures::kRgb16Deflate,     fixtures::kFloat32,
    fixtures::kGrey16Tiles, fixtures::kFloat32Predictor, fixtures::kJpegYcbcr};

TEST(TiffCodecTest, TruncatedFilesAreErrorsAtAnyLength) {
  testing::internal::CaptureStderr();
  for (const std::string_view fixture : kGoodFixtures) {
    const std::string bytes = bytes_of(fixture);
    for (size_t length = 8; length < bytes.size() - 16; length += 3) {
      EXPECT_THAT(refusal_of(bytes.substr(0, length)), HasSubstr("a.tif"))
          << length << " of " << bytes.size();
    }
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(TiffCodecTest, DamagedBytesAreAnImageOrAnErrorWithoutOutputOnStderr) {
  testing::internal::CaptureStderr();
  int64_t refused = 0;
  for (const std::string_view fixture : kGoodFixtures) {
    const std::string bytes = bytes_of(fixture);
    for (size_t at = 0; at < bytes.size(); ++at) {
      for (const int mask : {0xff, 0x01, 0x80}) {
        std::string damaged = bytes;
        damaged[at] = static_cast<char>(damaged[at] ^ mask);
        try {
          EXPECT_EQ(decode_tiff(damaged, "a.tif").size(0), 3);
        } catch (const Error& error) {
          EXPECT_THAT(error.what(), HasSubstr("a.tif"));
          ++refused;
        }
      }
    }
  }
  EXPECT_GT(refused, 1000);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(TiffCodecTest, AChangedBitOfADeflatedStripIsAnErrorOrChangesNoPixel) {
  for (const std::string_view fixture :
       {fixtures::kRgb16Deflate, fixtures::kFloat32BigEndianDeflate}) {
    const std::string bytes = bytes_of(fixture);
    TiffSource source(bytes);
    const TiffHandle tiff = source.open();
    const uint64_t begin = TIFFGetStrileOffset(tiff.get(), 0);
    const uint64_t count = TIFFGetStrileByteCount(tiff.get(), 0);
    uint64_t refused = 0;
    for (uint64_t at = begin; at < begin + count; ++at) {
      for (const int mask : {0x01, 0x10, 0x80}) {
        std::string damaged = bytes;
        damaged[at] = static_cast<char>(damaged[at] ^ mask);
        try {  // some bits only fill a byte, or say that this block is the last one
          EXPECT_TRUE(at::equal(decode_tiff(damaged, "a.tif"), decode_tiff(bytes, "a.tif")));
        } catch (const Error& error) {
          EXPECT_THAT(error.what(), HasSubstr("a.tif"));
          ++refused;
        }
      }
    }
    EXPECT_GT(refused, 3 * count - 8);
  }
}

TEST(TiffCodecTest, FormatFollowsFromTheContentAndNotFromTheName) {
  const TempDir folder;
  const auto file = folder.path() / "a.png";
  for (const auto& fixture : {fixtures::kGrey16Big, fixtures::kGrey16BigEndian}) {
    write_file_atomically(file, bytes_of(fixture));
    EXPECT_TRUE(at::equal(read_image(file), sixteen_bits(6, 7, 1)));
    EXPECT_EQ(read_image_info(file).bits, 16);
  }
}

}  // namespace
}  // namespace scgan
