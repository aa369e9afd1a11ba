#include "core/image/image_file.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <png.h>
#include <zlib.h>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_images.h"

namespace scgan {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class ImageFileTest : public testing::Test {
 protected:
  std::string error_of(const std::filesystem::path& file) {
    return data_error_of([&] { read_image(file); });
  }

  TempDir folder_;
  std::filesystem::path png_ = folder_.path() / "a.png";
  std::filesystem::path jpeg_ = folder_.path() / "a.jpg";
};

TEST_F(ImageFileTest, PngComesBackAsWritten) {
  const at::Tensor image = test_image(13, 9);
  write_png(png_, image);
  EXPECT_TRUE(at::equal(read_image(png_), image));
  const ImageInfo info = read_image_info(png_);
  EXPECT_EQ(info.height, 13);
  EXPECT_EQ(info.width, 9);
  EXPECT_EQ(info.channels, 3);
  EXPECT_EQ(info.bits, 8);
}

TEST_F(ImageFileTest, SameImageHasTheSameBytes) {
  write_png(png_, test_image(32, 32));
  write_png(folder_.path() / "b.png", test_image(32, 32));
  EXPECT_EQ(read_file(png_), read_file(folder_.path() / "b.png"));
}

TEST_F(ImageFileTest, GreyBecomesThreeEqualChannels) {
  write_png8(png_, 1, 3, 1, {0, 100, 255});
  EXPECT_EQ(read_image_info(png_).channels, 1);
  EXPECT_TRUE(at::equal(read_image(png_), at::tensor({0, 100, 255}, at::kByte).expand({3, 1, 3})));
}

TEST_F(ImageFileTest, SixteenBitsKeepTheirValues) {
  write_png16(png_, 1, 3, 1, {1, 256, 65535});
  EXPECT_EQ(read_image_info(png_).bits, 16);
  EXPECT_TRUE(at::equal(read_image(png_), at::tensor({1.F, 256.F, 65535.F}).expand({3, 1, 3})));
  write_png16(png_, 1, 1, 3, {300, 2, 40000});
  EXPECT_TRUE(at::equal(read_image(png_).flatten(), at::tensor({300.F, 2.F, 40000.F})));
}

TEST_F(ImageFileTest, AlphaIsRefusedWithTheChannelCount) {
  write_png8(png_, 1, 1, 4, {1, 2, 3, 4});
  EXPECT_THAT(error_of(png_), AllOf(HasSubstr("a.png"), HasSubstr("4 channels"), HasSubstr("RGB")));
  write_png8(png_, 1, 1, 2, {1, 2});
  EXPECT_THAT(error_of(png_), HasSubstr("2 channels"));
}

TEST_F(ImageFileTest, JpegIsCloseToItsSource) {
  std::vector<uint8_t> samples;
  for (int i = 0; i < 16 * 16; ++i) samples.insert(samples.end(), {200, 100, 50});
  write_jpeg(jpeg_, 16, 16, 3, samples);
  const at::Tensor image = read_image(jpeg_).to(at::kInt);
  ASSERT_EQ(image.sizes(), (std::vector<int64_t>{3, 16, 16}));
  EXPECT_LE((image - at::tensor({200, 100, 50}).view({3, 1, 1})).abs().max().item<int>(), 3);
}

TEST_F(ImageFileTest, GreyJpegBecomesThreeEqualChannels) {
  write_jpeg(jpeg_, 8, 8, 1, std::vector<uint8_t>(64, 77));
  EXPECT_TRUE(at::equal(read_image(jpeg_), at::full({3, 8, 8}, 77, at::kByte)));
}

// The EXIF block of an orientation, in either byte order.
std::string exif(int orientation, bool big_endian = false) {
  const char low = static_cast<char>(orientation);
  if (big_endian) {
    return {std::string("MM\0\x2a\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0", 19) + low +
            std::string(6, '\0')};
  }
  return {std::string("II\x2a\0\x08\0\0\0\1\0\x12\x01\3\0\1\0\0\0", 18) + low +
          std::string(7, '\0')};
}

// What a file of this orientation shows: EXIF 2.32, "Orientation", as turns and mirrors.
at::Tensor shown(const at::Tensor& stored, int orientation) {
  switch (orientation) {
    case 2:
      return stored.flip({2});
    case 3:
      return stored.rot90(2, {1, 2});
    case 4:
      return stored.flip({1});
    case 5:
      return stored.transpose(1, 2);
    case 6:  // by 90 degrees, clockwise
      return stored.rot90(-1, {1, 2});
    case 7:
      return stored.rot90(2, {1, 2}).transpose(1, 2);
    case 8:
      return stored.rot90(1, {1, 2});
    default:
      return stored;
  }
}

TEST_F(ImageFileTest, JpegOfEveryOrientationBecomesUpright) {
  std::vector<uint8_t> samples;
  for (int i = 0; i < 24 * 16 * 3; ++i) samples.push_back(static_cast<uint8_t>(i * 7));
  write_jpeg(jpeg_, 24, 16, 3, samples);
  const std::string plain = read_file(jpeg_);
  const at::Tensor stored = read_image(jpeg_);
  for (int orientation = 0; orientation <= 9; ++orientation) {
    const std::string block = std::string("Exif\0\0", 6) + exif(orientation, orientation % 2 == 0);
    const std::string segment =
        std::string("\xff\xe1\0", 3) + static_cast<char>(block.size() + 2) + block;
    write_file_atomically(jpeg_, plain.substr(0, 2) + segment + plain.substr(2));
    const at::Tensor expected = shown(stored, orientation);
    EXPECT_TRUE(at::equal(read_image(jpeg_), expected)) << orientation;
    EXPECT_EQ(read_image_info(jpeg_).width, expected.size(2)) << orientation;
  }
}

// Writes a 16-bit RGB PNG with a chunk before or after the pixels.
void write_png_with(const std::filesystem::path& file, const char* type, const std::string& content,
                    bool after_pixels) {
  write_png16(file, 2, 3, 3, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18});
  std::string chunk(4, '\0');
  png_save_uint_32(reinterpret_cast<png_bytep>(chunk.data()),
                   static_cast<uint32_t>(content.size()));
  chunk += type + content;
  const auto sum = crc32(0, reinterpret_cast<const Bytef*>(chunk.data() + 4),
                         static_cast<uInt>(chunk.size() - 4));
  chunk += std::string(4, '\0');
  png_save_uint_32(reinterpret_cast<png_bytep>(chunk.data() + chunk.size() - 4),
                   static_cast<uint32_t>(sum));
  std::string bytes = read_file(file);
  bytes.insert(bytes.find(after_pixels ? "IEND" : "IDAT") - 4, chunk);
  write_file_atomically(file, bytes);
}

TEST_F(ImageFileTest, PngOfEveryOrientationBecomesUpright) {
  write_png_with(png_, "teXt", "", false);
  const at::Tensor stored = read_image(png_);
  for (int orientation = 1; orientation <= 8; ++orientation) {
    for (const bool after_pixels : {false, true}) {
      write_png_with(png_, "eXIf", exif(orientation), after_pixels);
      EXPECT_TRUE(at::equal(read_image(png_), shown(stored, orientation))) << orientation;
      EXPECT_EQ(read_image_info(png_).height, orientation > 4 ? 3 : 2);
    }
  }
}

TEST_F(ImageFileTest, AnimatedPngIsRefused) {
  write_png_with(png_, "acTL", std::string("\0\0\0\1\0\0\0\0", 8), false);
  EXPECT_EQ(read_image(png_).size(1), 2);
  write_png_with(png_, "acTL", std::string("\0\0\0\5\0\0\0\0", 8), false);
  EXPECT_THAT(error_of(png_), HasSubstr("animation of 5 images"));
}

TEST_F(ImageFileTest, CmykJpegIsRefused) {
  write_jpeg(jpeg_, 8, 8, 4, std::vector<uint8_t>(256, 77));
  EXPECT_THAT(error_of(jpeg_), AllOf(HasSubstr("a.jpg"), HasSubstr("4 channels")));
}

TEST_F(ImageFileTest, TruncatedFilesAreErrorsAtAnyLength) {
  std::vector<uint8_t> samples;
  for (int i = 0; i < 64 * 64 * 3; ++i) samples.push_back(static_cast<uint8_t>(i * i * 31));
  for (const double part : {0.01, 0.1, 0.5, 0.9, 0.99}) {
    write_png8(png_, 64, 64, 3, samples);
    truncate_file(png_, part);
    EXPECT_THAT(error_of(png_), HasSubstr("a.png")) << part;
    write_jpeg(jpeg_, 64, 64, 3, samples);
    truncate_file(jpeg_, part);
    EXPECT_THAT(error_of(jpeg_), HasSubstr("a.jpg")) << part;
  }
}

TEST_F(ImageFileTest, BytesLostFromAJpegAreAnErrorAndTwoLeftOverBytesAreNot) {
  std::vector<uint8_t> samples;
  for (int i = 0; i < 64 * 64 * 3; ++i) samples.push_back(static_cast<uint8_t>(i * i * 31));
  write_jpeg(jpeg_, 64, 64, 3, samples);
  const std::string good = read_file(jpeg_);
  const at::Tensor image = read_image(jpeg_);
  for (const size_t left_over : {1U, 2U, 20U, 50U}) {
    write_file_atomically(jpeg_, good.substr(0, good.size() - 2) + std::string(left_over, '\x55') +
                                     good.substr(good.size() - 2));
    if (left_over <= 2) {
      EXPECT_TRUE(at::equal(read_image(jpeg_), image));
    } else {
      EXPECT_THAT(error_of(jpeg_), HasSubstr("damaged")) << left_over;
    }
  }
  const size_t scan = good.find("\xff\xda") + 14;
  write_file_atomically(jpeg_, good.substr(0, scan + 500) + good.substr(scan + 1500));
  EXPECT_THAT(error_of(jpeg_), HasSubstr("damaged"));
}

TEST_F(ImageFileTest, ZeroedPartOfAJpegIsAnError) {
  for (const int channels : {1, 3}) {
    std::vector<uint8_t> samples;
    for (int i = 0; i < 64 * 64 * channels; ++i)
      samples.push_back(static_cast<uint8_t>(i * i * 31));
    write_jpeg(jpeg_, 64, 64, channels, samples);
    std::string bytes = read_file(jpeg_);
    bytes.replace(bytes.size() - 400, 300, std::string(300, '\0'));
    write_file_atomically(jpeg_, bytes);
    EXPECT_THAT(error_of(jpeg_), HasSubstr("damaged")) << channels;
  }
  // Zeros after the image are not part of it.
  write_jpeg(jpeg_, 16, 16, 1, std::vector<uint8_t>(256, 77));
  write_file_atomically(jpeg_, read_file(jpeg_) + std::string(1000, '\0'));
  EXPECT_EQ(read_image(jpeg_)[0][0][0].item<int>(), 77);
}

TEST_F(ImageFileTest, DamagedPngIsAnError) {
  write_png(png_, test_image(64, 64));
  std::string bytes = read_file(png_);
  bytes[bytes.size() / 2] = static_cast<char>(~bytes[bytes.size() / 2]);
  write_file_atomically(png_, bytes);
  EXPECT_THAT(error_of(png_), HasSubstr("damaged"));
}

TEST_F(ImageFileTest, FilesThatAreNotImagesAreNamed) {
  EXPECT_THAT(error_of(png_), HasSubstr("a.png"));  // missing
  write_file_atomically(png_, "");
  EXPECT_THAT(error_of(png_), HasSubstr("is empty"));
  write_file_atomically(png_, "GIF89a, say");
  EXPECT_THAT(error_of(png_), HasSubstr("neither a PNG nor a JPEG nor a TIFF"));
  EXPECT_THAT(error_of(folder_.path()), HasSubstr("folder"));
}

TEST_F(ImageFileTest, ShortFileThatClaimsAHugeImageIsRefused) {
  // Signature, header chunk of 60000 x 60000 RGB with its checksum, and the beginning of the
  // pixels.
  std::string bytes("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\xea\x60\0\0\xea\x60\x08\x02\0\0\0", 29);
  bytes += "\x0f\xb0\xe2\x15";
  bytes += std::string("\0\0\0\x01IDAT", 8);
  write_file_atomically(png_, bytes);
  EXPECT_THAT(error_of(png_), HasSubstr("cannot hold 60000 x 60000 pixels"));
}

TEST_F(ImageFileTest, ShortJpegThatClaimsAHugeImageIsRefused) {
  write_jpeg(jpeg_, 16, 16, 3, std::vector<uint8_t>(size_t{16} * 16 * 3, 77));
  std::string bytes = read_file(jpeg_);
  const size_t frame = bytes.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  bytes.replace(frame + 5, 4, "\xea\x60\xea\x60");  // 60000 x 60000
  write_file_atomically(jpeg_, bytes);
  EXPECT_THAT(error_of(jpeg_), HasSubstr("cannot hold 60000 x 60000 pixels"));
}

TEST_F(ImageFileTest, TheShortestPossibleJpegIsRead) {
  write_jpeg(jpeg_, 1024, 1024, 1, std::vector<uint8_t>(size_t{1024} * 1024, 77));
  EXPECT_EQ(read_image(jpeg_).sizes(), at::IntArrayRef({3, 1024, 1024}));
}

TEST_F(ImageFileTest, FormatFollowsFromTheContentAndNotFromTheName) {
  write_png(jpeg_, test_image(5, 5));
  EXPECT_TRUE(at::equal(read_image(jpeg_), test_image(5, 5)));
}

TEST_F(ImageFileTest, WritingIntoAMissingFolderIsAStorageError) {
  try {
    write_png(folder_.path() / "none" / "a.png", test_image(5, 5));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kStorage);
  }
}

}  // namespace
}  // namespace scgan
