#include "core/data/dataset.h"
#include "core/data/dataset_source.h"
#include "core/data/image_folder.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/image/image_file.h"
#include "core/image/resize.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_images.h"

namespace scgan {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Two images of 80 x 70 pixels in each of the four folders.
class FoldersTest : public testing::Test {
 protected:
  FoldersTest() {
    spec_.kind = DataKind::kFolders;
    spec_.root = root_.path().string();
    spec_.image_size = 64;
    int64_t number = 0;
    for (const char* split : {"trainA", "trainB", "testA", "testB"}) {
      std::filesystem::create_directory(root_.path() / split);
      for (const char* name : {"b.png", "a.png"})
        write_png(file(split, name), test_image(80, 70, number++));
    }
  }

  std::filesystem::path file(const char* split, const std::string& name) const {
    return root_.path() / split / name;
  }
  std::string error() const {
    return data_error_of([&] { DatasetSource(spec_).inspect(); });
  }

  TempDir root_;
  DatasetSpec spec_;
};

TEST_F(FoldersTest, LoadsWhatInspectCounts) {
  const DataSummary summary = DatasetSource(spec_).inspect();
  EXPECT_EQ(summary.train_a, 2);
  EXPECT_EQ(summary.test_b, 2);
  EXPECT_EQ(summary.digest.size(), 64U);
  const Dataset data = DatasetSource(spec_).load();
  EXPECT_EQ(data.digest, summary.digest);
  EXPECT_EQ(data.train_a.images.sizes(), (std::vector<int64_t>{2, 3, 72, 72}));  // 64 * 286 / 256
  EXPECT_EQ(data.test_b.images.sizes(), (std::vector<int64_t>{2, 3, 64, 64}));
  EXPECT_EQ(data.train_a.images.scalar_type(), at::kByte);
  EXPECT_THAT(data.train_a.names, ElementsAre("a", "b"));  // sorted
  EXPECT_TRUE(at::equal(data.train_a.images[0], resize_bicubic(test_image(80, 70, 1), 72, 72)));
  EXPECT_TRUE(at::equal(data.test_b.images[1], resize_bicubic(test_image(80, 70, 6), 64, 64)));
}

TEST_F(FoldersTest, WithoutCropTrainingImagesHaveTheFinalSize) {
  spec_.crop = false;
  EXPECT_EQ(DatasetSource(spec_).load().train_b.images.size(3), 64);
}

TEST_F(FoldersTest, TrainingImagesCanServeAsTestImages) {
  spec_.test_split = TestSplit::kTrain;
  std::filesystem::remove_all(root_.path() / "testA");  // nothing is held out
  std::filesystem::remove_all(root_.path() / "testB");
  const DataSummary summary = DatasetSource(spec_).inspect();
  EXPECT_EQ(summary.test_a, 2);
  const Dataset data = DatasetSource(spec_).load();
  EXPECT_EQ(data.test_b.names, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(at::equal(data.test_b.images[0],
                        resize_bicubic(read_image(file("trainB", "a.png")), 64, 64)));
}

TEST_F(FoldersTest, TilesOfAFieldAreNeighboursRowByRow) {
  spec_.tiles = 2;
  const Dataset data = DatasetSource(spec_).load();
  EXPECT_THAT(data.test_a.names,
              ElementsAre("a-0-0", "a-0-1", "a-1-0", "a-1-1", "b-0-0", "b-0-1", "b-1-0", "b-1-1"));
  const at::Tensor field = resize_bicubic(test_image(80, 70, 5), 128, 128);
  EXPECT_TRUE(at::equal(data.test_a.images[1], field.narrow(1, 0, 64).narrow(2, 64, 64)));
  EXPECT_TRUE(at::equal(data.test_a.images[2], field.narrow(1, 64, 64).narrow(2, 0, 64)));
  EXPECT_EQ(data.train_a.images.size(0), 2);
}

TEST_F(FoldersTest, OtherFilesAreIgnoredAndExtensionsHaveAnyCase) {
  const std::string digest = DatasetSource(spec_).inspect().digest;
  write_file_atomically(file("trainA", "labels.csv"), "a,b");
  write_file_atomically(file("trainA", ".hidden.png"), "");
  write_file_atomically(file("trainA", "Thumbs.db"), "");
  EXPECT_EQ(DatasetSource(spec_).inspect().digest, digest);
  write_jpeg(file("trainA", "c.JPG"), 64, 64, 1, std::vector<uint8_t>(64 * 64, 9));
  EXPECT_EQ(DatasetSource(spec_).inspect().train_a, 3);
  EXPECT_NE(DatasetSource(spec_).inspect().digest, digest);
}

TEST_F(FoldersTest, SkippedFilesAreNamedByEnding) {
  EXPECT_TRUE(skipped_files(spec_).empty());
  for (const char* name : {"e.BMP", "d.bmp", "c.bmp", "f.bmp", "plate.czi", "movie", "notes.txt",
                           "Thumbs.db", ".DS_Store", "._a.tif"}) {
    write_file_atomically(file("trainA", name), "text");
  }
  std::filesystem::create_symlink("absent.tif", file("trainA", "link.tif"));
  std::filesystem::create_symlink("a.png", file("trainA", "good.png"));
  std::filesystem::create_directories(file("trainA", "week1") / "plate1");
  write_file_atomically(file("trainA", "week1") / "plate1" / "x.tif", "text");
  std::filesystem::create_directories(file("trainA", "notes"));
  write_file_atomically(file("trainA", "notes") / "x.doc", "text");
  write_file_atomically(file("testB", "archive.zip"), "text");
  const std::vector<SkippedFiles> skipped = skipped_files(spec_);
  ASSERT_EQ(skipped.size(), 2U);
  EXPECT_TRUE(skipped[0].has_images());
  EXPECT_EQ(skipped[0].count(), 8);
  EXPECT_EQ(
      to_string(skipped[0]),
      (root_.path() / "trainA").string() +
          ": skipped 4 .bmp (c.bmp, d.bmp, e.BMP, ...), 1 .czi (plate.czi), 1 link to nothing "
          "(link.tif), 1 subfolder with images (week1), 1 without ending (movie); only PNG, "
          "JPEG and TIFF files of the folder itself are read");
  EXPECT_FALSE(skipped[1].has_images());
  EXPECT_EQ(to_string(skipped[1]),
            (root_.path() / "testB").string() + ": skipped 1 .zip (archive.zip)");
  EXPECT_EQ(DatasetSource(spec_).inspect().train_a, 3);
  spec_.test_split = TestSplit::kTrain;
  EXPECT_EQ(skipped_files(spec_).size(), 1U);
}

TEST_F(FoldersTest, FolderWithoutReadableImagesSaysWhatItHolds) {
  for (const char* name : {"a.png", "b.png"}) std::filesystem::remove(file("testB", name));
  write_file_atomically(file("testB", "cells.nd2"), "text");
  EXPECT_THAT(error(), AllOf(HasSubstr("testB: holds no PNG"), HasSubstr("1 .nd2 (cells.nd2)")));
}

TEST_F(FoldersTest, DigestDependsOnContentNameAndFolder) {
  const std::string digest = DatasetSource(spec_).inspect().digest;
  std::filesystem::rename(file("trainA", "b.png"), file("trainA", "c.png"));
  EXPECT_NE(DatasetSource(spec_).inspect().digest, digest);
  std::filesystem::rename(file("trainA", "c.png"), file("trainA", "b.png"));
  EXPECT_EQ(DatasetSource(spec_).inspect().digest, digest);
  write_png(file("testB", "a.png"), test_image(80, 70, 99));
  EXPECT_NE(DatasetSource(spec_).inspect().digest, digest);
}

TEST_F(FoldersTest, AllProblemsAreListedAtOnce) {
  truncate_file(file("trainA", "a.png"), 0.6);
  write_png8(file("trainB", "alpha.png"), 64, 64, 4, std::vector<uint8_t>(64 * 64 * 4, 9));
  write_png16(file("testA", "deep.png"), 64, 64, 1, std::vector<uint16_t>(64 * 64, 9));
  write_png(file("testB", "small.png"), test_image(63, 100));
  const std::string text = error();
  EXPECT_THAT(text, AllOf(HasSubstr("a.png"), HasSubstr("alpha.png"), HasSubstr("deep.png"),
                          HasSubstr("16 bits"), HasSubstr("small.png"), HasSubstr("100 x 63")));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
  EXPECT_EQ(data_error_of([&] { DatasetSource(spec_).load(); }), text);
}

TEST_F(FoldersTest, ImagesOfAnUnusualDepthAreNamedAndNotTheOthers) {
  write_png16(file("trainA", "0_first.png"), 64, 64, 3, std::vector<uint16_t>(64 * 64 * 3, 9));
  EXPECT_EQ(error(), file("trainA", "0_first.png").string() +
                         ": has 16 bits per channel, but 8 of 9 images have 8; all must have one "
                         "depth");
  write_float_tiff(file("testB", "float.tif"), 64, 64, std::vector<float>(64 * 64, 1));
  EXPECT_THAT(error(), AllOf(HasSubstr("0_first.png: has 16"), HasSubstr("float.tif"),
                             Not(HasSubstr("a.png: has")), Not(HasSubstr("b.png: has"))));
}

TEST_F(FoldersTest, OddShapesAndColoursAreNoted) {
  EXPECT_THAT(DatasetSource(spec_).inspect().notes,
              ElementsAre(HasSubstr("8 of 8 images (trainA/a: 70 x 80 pixels, trainA/b, "
                                    "trainB/a, ...) are not square; resizing them to squares "
                                    "stretches them by up to 14 %")));
  int64_t number = 0;
  for (const char* split : {"trainA", "trainB", "testA", "testB"}) {
    for (const char* name : {"a.png", "b.png"}) {
      write_png(file(split, name), test_image(64, 64, number++));
    }
  }
  EXPECT_THAT(DatasetSource(spec_).inspect().notes, IsEmpty());
  std::vector<uint8_t> grey(64 * 64);
  for (size_t i = 0; i < grey.size(); ++i) grey[i] = static_cast<uint8_t>(i * 7);
  write_png8(file("trainB", "a.png"), 64, 64, 1, grey);
  EXPECT_THAT(DatasetSource(spec_).inspect().notes,
              ElementsAre(HasSubstr("1 of 8 images (trainB/a) are grey, the others RGB")));
  write_png(file("trainB", "a.png"), test_image(64, 64, 50));
  write_jpeg(file("trainB", "a.jpg"), 64, 64, 3, std::vector<uint8_t>(64 * 64 * 3, 9));
  EXPECT_THAT(DatasetSource(spec_).inspect().notes,
              Contains(HasSubstr("1 image name has several files that differ only in their ending "
                                 "(trainB/a: a.jpg, a.png)")));
}

TEST_F(FoldersTest, SmallImageSaysWhichSizeWouldWork) {
  spec_.image_size = 256;
  EXPECT_THAT(error(), HasSubstr("data.image_size 64 would work"));
}

TEST_F(FoldersTest, MissingFolderAndEmptySplitAreBothNamed) {
  std::filesystem::remove_all(root_.path() / "trainB");
  std::filesystem::remove(file("testA", "a.png"));
  std::filesystem::remove(file("testA", "b.png"));
  EXPECT_THAT(error(), AllOf(HasSubstr("trainB"), HasSubstr("testA: holds no")));
}

TEST_F(FoldersTest, AfterTwentyProblemsOnlyACountFollows) {
  for (int i = 0; i < 25; ++i)
    write_file_atomically(file("trainA", fmt::format("x{:02}.png", i)), "no");
  EXPECT_THAT(error(), AllOf(HasSubstr("x19.png"), Not(HasSubstr("x20.png")), HasSubstr("5 more")));
}

TEST_F(FoldersTest, SixteenBitImagesBecomeGreyLevelsOfTheFullRange) {
  for (const char* split : {"trainA", "trainB", "testA", "testB"}) {
    for (const char* name : {"a.png", "b.png"}) {
      write_png16(file(split, name), 64, 64, 1, std::vector<uint16_t>(64 * 64, 257 * 100));
    }
  }
  const Dataset data = DatasetSource(spec_).load();
  EXPECT_EQ(data.test_a.images.scalar_type(), at::kFloat);
  EXPECT_TRUE(at::allclose(data.test_a.images, at::full({2, 3, 64, 64}, 100.F), 1e-5));
  EXPECT_EQ(data.range[0][1], 65535);
}

TEST_F(FoldersTest, FloatImagesNeedPercentiles) {
  for (const char* split : {"trainA", "trainB", "testA", "testB"}) {
    for (const char* name : {"a.png", "b.png"}) std::filesystem::remove(file(split, name));
    // -1 in the left half, 3 in the right one; the test images go beyond.
    std::vector<float> samples(64 * 64);
    for (size_t i = 0; i < samples.size(); ++i) samples[i] = i % 64 < 32 ? -1.F : 3.F;
    if (split[1] == 'e') samples[0] = -1e30F, samples[63] = 1e30F;
    write_float_tiff(file(split, "a.tif"), 64, 64, samples);
  }
  EXPECT_THAT(error(), AllOf(HasSubstr("a.tif"), HasSubstr("data.scaling: percentile")));
  spec_.scaling = Scaling::kPercentile;
  const Dataset data = DatasetSource(spec_).load();
  EXPECT_EQ(data.range[2][0], -1);
  EXPECT_EQ(data.range[2][1], 3);
  EXPECT_EQ(data.test_a.images[0].min().item<float>(), 0);
  EXPECT_EQ(data.test_a.images[0].max().item<float>(), 255);
  EXPECT_EQ(data.test_a.images[0][1][0][1].item<float>(), 0);
}

TEST_F(FoldersTest, TiffFilesOfAnyExtensionAreImages) {
  const std::vector<float> samples(64 * 64, 1.F);
  write_float_tiff(file("trainA", "c.TIF"), 64, 64, samples);
  write_float_tiff(file("trainA", "d.tiff"), 64, 64, samples);
  EXPECT_THAT(error(), AllOf(HasSubstr("c.TIF: has 32 bits"), HasSubstr("d.tiff: has 32 bits")));
}

TEST_F(FoldersTest, PercentilesAreOfTheTrainingImagesOfBothDomains) {
  const auto fill = [&](const char* split, const char* name, uint8_t level) {
    write_png(file(split, name), at::full({3, 64, 64}, level, at::kByte));
  };
  fill("trainA", "a.png", 10), fill("trainA", "b.png", 10);
  fill("trainB", "a.png", 110), fill("trainB", "b.png", 110);
  fill("testA", "a.png", 60), fill("testA", "b.png", 255);  // a test image does not count
  spec_.scaling = Scaling::kPercentile;
  const Dataset data = DatasetSource(spec_).load();
  EXPECT_EQ(data.range[1][0], 10);
  EXPECT_EQ(data.range[1][1], 110);
  EXPECT_NEAR(data.test_a.images[0].mean().item<double>(), 127.5, 1e-3);
  EXPECT_NEAR(data.test_a.images[1].mean().item<double>(), 255, 1e-3);
}

TEST_F(FoldersTest, ConstantTrainingImagesCannotBeStretched) {
  for (const char* split : {"trainA", "trainB"}) {
    for (const char* name : {"a.png", "b.png"}) {
      write_png(file(split, name), at::full({3, 64, 64}, 5, at::kByte));
    }
  }
  spec_.scaling = Scaling::kPercentile;
  EXPECT_THAT(data_error_of([&] { DatasetSource(spec_).load(); }), HasSubstr("red channel"));
}

TEST(SyntheticDataTest, HasTheCountsAndSizesOfItsSpec) {
  DatasetSpec spec;
  spec.image_size = 64;
  spec.synthetic = {5, 3, 1};
  const Dataset data = DatasetSource(spec).load();
  EXPECT_EQ(data.train_a.images.sizes(), (std::vector<int64_t>{5, 3, 72, 72}));
  EXPECT_EQ(data.test_b.images.sizes(), (std::vector<int64_t>{3, 3, 64, 64}));
  EXPECT_EQ(data.test_b.names.size(), 3U);
  EXPECT_EQ(data.digest, DatasetSource(spec).inspect().digest);
  EXPECT_TRUE(at::equal(data.test_a.images, DatasetSource(spec).load().test_a.images));
  spec.synthetic.seed = 2;
  EXPECT_NE(data.digest, DatasetSource(spec).inspect().digest);
}

}  // namespace
}  // namespace scgan
