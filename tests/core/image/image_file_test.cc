#include "core/image/image_file.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
