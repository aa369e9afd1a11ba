#include "core/data/manifest.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/data/dataset.h"
#include "core/data/dataset_source.h"
#include "core/image/image_file.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_images.h"

namespace scgan {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// Images a1, b1 (training) and a2, b2 (testing) of 64 x 64 pixels in the folder of the CSV.
class ManifestTest : public testing::Test {
 protected:
  ManifestTest() {
    spec_.kind = DataKind::kManifest;
    spec_.manifest = file("set.csv").string();
    spec_.image_size = 64;
    spec_.crop = false;
    int64_t number = 0;
    for (const char* name : {"a1", "b1", "a2", "b2"}) write_image(name, number++);
    write(kRows);
  }

  std::filesystem::path file(const std::string& name) const { return folder_.path() / name; }
  void write_image(const std::string& name, int64_t number) const {
    write_png(file(name + ".png"), test_image(64, 64, number));
  }
  void write_grey(const std::string& name, uint16_t level, int side = 64) const {
    write_png16(file(name), side, side, 1,
                std::vector<uint16_t>(static_cast<size_t>(side * side), level));
  }
  void write(const std::string& text) const { write_file_atomically(spec_.manifest, text); }
  std::string error() const {
    return data_error_of([&] { DatasetSource(spec_).inspect(); });
  }

  static constexpr const char* kRows =
      "split,domain,file\n"
      "train,A,a1.png\ntrain,B,b1.png\ntest,A,a2.png\ntest,B,b2.png\n";

  TempDir folder_;
  DatasetSpec spec_;
};

TEST_F(ManifestTest, LoadsTheFilesOfItsRows) {
  const DataSummary summary = DatasetSource(spec_).inspect();
  EXPECT_EQ(summary.train_a, 1);
  EXPECT_EQ(summary.test_b, 1);
  const Dataset data = DatasetSource(spec_).load();
  EXPECT_EQ(data.digest, summary.digest);
  EXPECT_TRUE(at::equal(data.train_a.images[0], test_image(64, 64, 0)));
  EXPECT_TRUE(at::equal(data.train_b.images[0], test_image(64, 64, 1)));
  EXPECT_TRUE(at::equal(data.test_a.images[0], test_image(64, 64, 2)));
  EXPECT_TRUE(at::equal(data.test_b.images[0], test_image(64, 64, 3)));
  EXPECT_THAT(data.test_b.names, ElementsAre("b2"));
}

TEST_F(ManifestTest, TestRowsNeedNoFilesIfTrainingImagesAreTheTestImages) {
  std::filesystem::remove(file("b2.png"));
  EXPECT_THROW(DatasetSource(spec_).inspect(), Error);
  spec_.test_split = TestSplit::kTrain;
  EXPECT_EQ(DatasetSource(spec_).inspect().test_b, 1);
  EXPECT_TRUE(at::equal(DatasetSource(spec_).load().test_b.images[0], test_image(64, 64, 1)));
}

TEST_F(ManifestTest, OrderOfRowsAndColumnsAndOtherColumnsDoNotMatter) {
  const std::string digest = DatasetSource(spec_).inspect().digest;
  write(
      "plate, file ,domain,dose,split\n\"P, 1\",b2.png,B,,test\nP2, a2.png,A,,test\n"
      "P3,b1.png,B,3,train\nP4,a1.png,A,2,train\n");
  EXPECT_EQ(DatasetSource(spec_).inspect().digest, digest);
}

TEST_F(ManifestTest, DigestDependsOnContentNameAndSplitButNotOnPaths) {
  const std::string digest = DatasetSource(spec_).inspect().digest;
  std::filesystem::create_directory(file("moved"));
  for (const char* name : {"a1", "b1", "a2", "b2"}) {
    std::filesystem::rename(file(fmt::format("{}.png", name)),
                            file(fmt::format("moved/{}.png", name)));
  }
  spec_.root = file("moved").string();
  EXPECT_EQ(DatasetSource(spec_).inspect().digest, digest);
  write_image("moved/b2", 9);
  EXPECT_NE(DatasetSource(spec_).inspect().digest, digest);
  write_image("moved/b2", 3);
  EXPECT_EQ(DatasetSource(spec_).inspect().digest, digest);
  write(
      "split,domain,file,name\ntrain,A,a1.png,\ntrain,B,b1.png,\ntest,A,a2.png,\n"
      "test,B,b2.png,other\n");
  EXPECT_NE(DatasetSource(spec_).inspect().digest, digest);
  write("split,domain,file\ntrain,B,a1.png\ntrain,A,b1.png\ntest,A,a2.png\ntest,B,b2.png\n");
  EXPECT_NE(DatasetSource(spec_).inspect().digest, digest);
}

TEST_F(ManifestTest, RelativePathsStartAtTheRootAndAbsoluteOnesAreKept) {
  std::filesystem::create_directory(file("images"));
  std::filesystem::rename(file("a1.png"), file("images/a1.png"));
  spec_.root = file("images").string();
  write(
      fmt::format("split,domain,file\ntrain,A,a1.png\ntrain,B,{0}/b1.png\ntest,A,../a2.png\n"
                  "test,B,../images/../b2.png\n",
                  folder_.path().string()));
  EXPECT_TRUE(at::equal(DatasetSource(spec_).load().train_b.images[0], test_image(64, 64, 1)));
}

TEST_F(ManifestTest, ImagesAreNamedAndSortedByTheNameColumn) {
  write_image("b3", 7);
  write(
      "split,domain,file,name\ntrain,A,a1.png,\ntrain,B,b1.png,z\ntrain,B,b3.png,y\n"
      "test,A,a2.png,\ntest,B,b2.png,\n");
  const Dataset data = DatasetSource(spec_).load();
  EXPECT_THAT(data.train_b.names, ElementsAre("y", "z"));
  EXPECT_TRUE(at::equal(data.train_b.images[0], test_image(64, 64, 7)));
}

class ChannelsTest : public ManifestTest {
 protected:
  ChannelsTest() {
    for (const char* name : {"a1", "b1", "a2", "b2"}) {
      write_grey(fmt::format("{}_w1.png", name), 10000);
      write_grey(fmt::format("{}_w2.png", name), 20000);
      write_grey(fmt::format("{}_w4.png", name), 40000);
    }
    write(header_ + row("train,A", "a1") + row("train,B", "b1") + row("test,A", "a2") +
          row("test,B", "b2"));
  }
  static std::string row(const char* place, const char* name) {
    return fmt::format("{0},{1}_w4.png,{1}_w2.png,{1}_w1.png\n", place, name);
  }

  std::string header_ = "split,domain,red,green,blue\n";
};

TEST_F(ChannelsTest, OneGreyFilePerChannelMakesAnImage) {
  const Dataset data = DatasetSource(spec_).load();
  EXPECT_THAT(data.train_a.names, ElementsAre("a1_w4"));
  const at::Tensor pixel = data.test_b.images[0].select(2, 5).select(1, 5);
  // 40000 / 65535 * 255 = 155.643, 77.821, 38.911
  EXPECT_TRUE(at::allclose(pixel, at::tensor({155.6427F, 77.8214F, 38.9107F}), 0, 1e-3));
  EXPECT_EQ(data.digest, DatasetSource(spec_).inspect().digest);
}

TEST_F(ChannelsTest, AnEmptyCellIsABlackChannel) {
  write(header_ + row("train,A", "a1") + row("train,B", "b1") + row("test,A", "a2") +
        "test,B,,b2_w2.png,\n");
  const Dataset data = DatasetSource(spec_).load();
  EXPECT_THAT(data.test_b.names, ElementsAre("b2_w2"));
  EXPECT_EQ(data.test_b.images[0][0].abs().max().item<float>(), 0);
  EXPECT_NEAR(data.test_b.images[0][1].max().item<float>(), 77.8214, 1e-3);
  EXPECT_EQ(data.test_b.images[0][2].abs().max().item<float>(), 0);
}

TEST_F(ChannelsTest, ABlackChannelStaysBlackAndDoesNotCountForPercentiles) {
  spec_.scaling = Scaling::kPercentile;
  write_grey("b1_w4.png", 50000);
  write_grey("b1_w2.png", 30000);
  write(header_ + "train,A,a1_w4.png,a1_w2.png,\ntrain,B,b1_w4.png,b1_w2.png,\n" +
        "test,A,,a2_w2.png,\ntest,B,b2_w4.png,b2_w2.png,\n");
  const Dataset data = DatasetSource(spec_).load();
  EXPECT_EQ(data.range[0][0], 40000);  // not 0, though a test image has no red
  EXPECT_EQ(data.range[0][1], 50000);
  EXPECT_EQ(data.range[1][1], 30000);
  EXPECT_EQ(data.range[2][1], 65535);  // no image has blue
  EXPECT_EQ(data.test_a.images[0][0].abs().max().item<float>(), 0);
  EXPECT_EQ(data.train_b.images[0][0].min().item<float>(), 255);
  EXPECT_EQ(data.train_b.images[0][2].abs().max().item<float>(), 0);
}

TEST_F(ChannelsTest, ChannelsOfAnImageMustHaveOneSizeAndDepth) {
  write_grey("a1_w2.png", 5, 65);
  write_png8(file("b1_w2.png"), 64, 64, 1, std::vector<uint8_t>(64 * 64, 9));
  write_png8(file("a2_w1.png"), 64, 64, 3, std::vector<uint8_t>(64 * 64 * 3, 9));
  EXPECT_THAT(error(), AllOf(HasSubstr("set.csv:2: "), HasSubstr("a1_w2.png: has 65 x 65 pixels"),
                             HasSubstr("a1_w4.png has 64 x 64"), HasSubstr("set.csv:3: "),
                             HasSubstr("b1_w2.png: has 64 x 64 pixels of 8 bits"),
                             HasSubstr("a2_w1.png: is an RGB image")));
}

TEST_F(ManifestTest, AllMistakesAreListedWithTheirLines) {
  write(
      "split,domain,file,red,green,blue\n"
      "train,A,a1.png,,,\n"
      "val,A,a1.png,,,\n"
      "train,C,a1.png,,,\n"
      "train,B,,,,\n"
      "train,B,b1.png,b1.png,,\n"
      "train,B\n"
      "train,A,a1.png,,,\n"
      "train,A,./sub/../a1.png,,,\n"
      "test,A,none.png,,,\n");
  EXPECT_THAT(
      error(),
      AllOf(HasSubstr("set.csv:3: split is \"val\""), HasSubstr("set.csv:4: domain is \"C\""),
            HasSubstr("set.csv:5: names no file"), HasSubstr("set.csv:6: names both a file and"),
            HasSubstr("set.csv:7: has 2 cells"),
            HasSubstr("set.csv:8: the same files as in line 2"),
            HasSubstr("set.csv:9: the same files as in line 2"),
            HasSubstr("set.csv:10: " + file("none.png").string() + ": no such file"),
            HasSubstr("no row has the split test and the domain B")));
  EXPECT_THAT(error(), Not(HasSubstr("split test and the domain A")));
}

TEST_F(ManifestTest, RowsOfASplitMustHaveDifferentNames) {
  std::filesystem::create_directory(file("plate2"));
  write_image("plate2/a1", 5);
  write(std::string(kRows) + "train,A,plate2/a1.png\n");
  EXPECT_THAT(error(), HasSubstr("set.csv:6: its name \"a1\" is that of line 2"));
  write(std::string(kRows) + "test,A,plate2/a1.png\n");
  EXPECT_EQ(DatasetSource(spec_).inspect().test_a, 2);
}

TEST_F(ManifestTest, NamesThatLeaveTheirFolderAreRefused) {
  write("split,domain,file,name\ntrain,A,a1.png,../x\n");
  EXPECT_THAT(error(), HasSubstr("set.csv:2: the name \"../x\" is not a file name"));
}

TEST_F(ManifestTest, MissingColumnsAreNamed) {
  write("split,file\n");
  EXPECT_THAT(error(), HasSubstr("set.csv:1: the header has no column domain"));
  write("split,domain\n");
  EXPECT_THAT(error(), HasSubstr("neither a column file nor"));
  write("split,domain,red,green\n");
  EXPECT_THAT(error(), HasSubstr("no column blue"));
  write("split,domain,file,file\n");
  EXPECT_THAT(error(), HasSubstr("two columns file"));
  write("split;domain\n");
  EXPECT_THAT(error(), HasSubstr("its columns are split, domain"));
}

// kRows as spreadsheets save it.
TEST_F(ManifestTest, ReadsWhatSpreadsheetsWrite) {
  std::filesystem::create_directory(file("sub"));
  std::filesystem::rename(file("b2.png"), file("sub/b2.png"));
  const std::string rows =
      "split,domain,file\n"
      "train,A,a1.png\ntrain,B,b1.png\ntest,A,a2.png\ntest,B,sub/b2.png\n";
  write(rows);
  const std::string digest = DatasetSource(spec_).inspect().digest;
  const auto expect_same = [&](const std::string& text) {
    write(text);
    EXPECT_EQ(DatasetSource(spec_).inspect().digest, digest) << text;
  };
  const auto replaced = [&](const std::string& from, const std::string& to) {
    std::string text = rows;
    for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
      text.replace(at, from.size(), to);
    return text;
  };
  expect_same(replaced("\n", "\r"));
  expect_same("\xef\xbb\xbf" + replaced("\n", "\r\n"));
  expect_same(replaced(",", ";"));
  expect_same("sep=;\r\n" + replaced(",", ";"));
  expect_same(replaced(",", "\t"));
  expect_same(replaced("/", "\\"));
  expect_same(replaced(".png", ".png  "));
  expect_same(replaced("\n", ",,\n") + ",,,,\n\r\n ,,,\n");
}

TEST_F(ManifestTest, PathsOfWindowsAreNamed) {
  write(std::string(kRows) + "train,A,C:\\plates\\x.tif\ntrain,A,none\\y.tif\n");
  EXPECT_THAT(error(),
              AllOf(HasSubstr("set.csv:6: C:\\plates\\x.tif is a path of Windows"),
                    HasSubstr("set.csv:7: " + file("none/y.tif").string() + ": no such file")));
  write_image("back\\slash", 5);  // a name of this system
  write(std::string(kRows) + "train,A,back\\slash.png\n");
  EXPECT_EQ(DatasetSource(spec_).inspect().train_a, 2);
}

TEST_F(ManifestTest, ManifestThatIsNotAFileIsNamed) {
  spec_.manifest = file("none.csv").string();
  EXPECT_THAT(error(), HasSubstr("none.csv"));
  spec_.manifest = folder_.path().string();
  EXPECT_THAT(error(), HasSubstr("is a folder"));
}

TEST_F(ManifestTest, AfterTwentyMistakesOnlyACountFollows) {
  std::string rows = kRows;
  for (int i = 0; i < 25; ++i) rows += fmt::format("train,A,x{}.png\n", i);
  write(rows);
  EXPECT_THAT(error(), AllOf(HasSubstr("x19.png"), Not(HasSubstr("x20.png")), HasSubstr("5 more")));
}

}  // namespace
}  // namespace scgan
