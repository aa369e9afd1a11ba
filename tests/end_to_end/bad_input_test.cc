// Wrong input is refused with exit code 2 and a message that names it, before anything is written.
#include <png.h>
#include <signal.h>

#include <cstdint>

#include "tests/end_to_end/sweep_fixture.h"

namespace scgan::end_to_end {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr int kBadInput = 2;

void write_png(const fs::path& file, uint32_t side, uint32_t format) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = side;
  image.height = side;
  image.format = format;
  std::vector<uint8_t> pixels(PNG_IMAGE_SIZE(image));
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i * 37 % 251);
  if (png_image_write_to_file(&image, file.c_str(), 0, pixels.data(), 0, nullptr) == 0) {
    throw std::runtime_error(image.message);
  }
}

class BadInput : public SweepFixture {
 protected:
  // Four images of 64 px in each split of the folder `images`.
  void make_images() {
    for (const char* split : {"trainA", "trainB", "testA", "testB"}) {
      fs::create_directories(path("images") / split);
      for (const char* name : {"0.png", "1.png", "2.png", "3.png"}) {
        write_png(path("images") / split / name, 64, PNG_FORMAT_RGB);
      }
    }
  }

  void expect_refused(int ranks, const Words& arguments,
                      const testing::Matcher<std::string>& message) {
    const auto before = listing(path("."));
    const Ended ended = sweep(ranks, arguments);
    EXPECT_EQ(ended.exit_code, kBadInput) << ended.text();
    EXPECT_THAT(ended.err, message);
    EXPECT_EQ(listing(path(".")), before) << "something was written";
  }

  void expect_refused(const Words& sets, const testing::Matcher<std::string>& message) {
    Words words{"tiny.yaml", "--out", "out"};
    for (const std::string& set : sets) words.insert(words.end(), {"--set", set});
    expect_refused(0, words, message);
  }

  void expect_images_refused(const testing::Matcher<std::string>& message) {
    expect_refused({"data.kind=folders", "data.root=images"}, message);
  }
};

// 1,000 logs of 365 GB.
TEST_F(BadInput, ADiskThatIsMuchTooSmallIsRefusedUnlessIgnored) {
  Words words{"tiny.yaml",
              "--out",
              "out",
              "--set",
              "train.steps=1000000000",
              "--set",
              "sweep.seeds={count: 1000}"};
  const Ended refused = sweep(2, words);
  EXPECT_EQ(refused.exit_code, kBadInput) << refused.text();
  EXPECT_THAT(refused.err,
              AllOf(HasSubstr("out: the output folder needs 365"), HasSubstr("--ignore-disk")));
  EXPECT_FALSE(fs::exists(path("out")));
  words.insert(words.end(), {"--ignore-disk", "--stop-after", "0.0001"});
  const Ended started = sweep(0, words);
  EXPECT_EQ(started.exit_code, 75) << started.text();
  EXPECT_THAT(started.err, HasSubstr("warn: out: the output folder needs 365"));
  EXPECT_TRUE(fs::exists(path("out") / "results.db"));
}

TEST_F(BadInput, AMissingSweepFile) {
  expect_refused(0, {"absent.yaml", "--out", "out"},
                 AllOf(HasSubstr("absent.yaml"), HasSubstr("No such file")));
}

TEST_F(BadInput, AMissingSweepFileUnderMpirun) {
  expect_refused(2, {"absent.yaml", "--out", "out"}, HasSubstr("absent.yaml"));
}

TEST_F(BadInput, AMisspeltKeyWithItsLineAndTheNearestOne) {
  std::string text = kTinySweep;
  text.replace(text.find("epochs: 2"), 6, "epoch");  // line 8
  write_text(path("misspelt.yaml"), text);
  expect_refused(
      0, {"misspelt.yaml", "--out", "out"},
      AllOf(HasSubstr("misspelt.yaml:8: train.epoch"), HasSubstr("did you mean train.epochs?")));
}

TEST_F(BadInput, InitialWeightsThatAreMissingOrDoNotFit) {
  expect_refused({"train.initial_weights=absent.safetensors"},
                 AllOf(HasSubstr("train.initial_weights"), HasSubstr("absent.safetensors"),
                       HasSubstr("no such file")));
  write_text(path("broken.safetensors"), "not a safetensors file");
  expect_refused({"train.initial_weights=broken.safetensors"}, HasSubstr("broken.safetensors"));
  // One float32 tensor of another name.
  std::string header = R"({"netG_C.x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  const std::string length{static_cast<char>(header.size()), 0, 0, 0, 0, 0, 0, 0};
  write_text(path("other.safetensors"), length + header + std::string(4, '\0'));
  expect_refused({"train.initial_weights=other.safetensors"},
                 AllOf(HasSubstr("other.safetensors"), HasSubstr("netG_C.x")));
}

TEST_F(BadInput, AllProblemsOfASweepFileAtOnce) {
  std::string text = kTinySweep;
  text.replace(text.find("seeds: [0]"), 10, "seeds: [-1]");
  text.replace(text.find("batch_size: 4"), 13, "batch_size: x");
  write_text(path("wrong.yaml"), text);
  expect_refused(
      0, {"wrong.yaml", "--out", "out"},
      AllOf(HasSubstr("wrong.yaml:6: sweep.seeds"), HasSubstr("wrong.yaml:8: train.batch_size")));
}

TEST_F(BadInput, AMissingDataFolder) {
  expect_refused({"data.kind=folders", "data.root=nowhere"},
                 AllOf(HasSubstr("nowhere/trainA"), HasSubstr("nowhere/testB")));
}

TEST_F(BadInput, AnEmptySplit) {
  make_images();
  for (const char* name : {"0.png", "1.png", "2.png", "3.png"}) {
    fs::remove(path("images") / "testB" / name);
  }
  expect_images_refused(AllOf(HasSubstr("images/testB"), HasSubstr("no PNG, JPEG or TIFF image")));
}

TEST_F(BadInput, ATruncatedImage) {
  make_images();
  const fs::path file = path("images") / "trainB" / "2.png";
  fs::resize_file(file, fs::file_size(file) / 2);
  expect_images_refused(AllOf(HasSubstr("trainB/2.png"), HasSubstr("truncated")));
}

TEST_F(BadInput, AFileThatIsNotAnImage) {
  make_images();
  write_text(path("images") / "trainA" / "0.png", "not a picture");
  expect_images_refused(HasSubstr("trainA/0.png"));
}

TEST_F(BadInput, AnImageWithTransparency) {
  make_images();
  write_png(path("images") / "testA" / "1.png", 64, PNG_FORMAT_RGBA);
  expect_images_refused(AllOf(HasSubstr("testA/1.png"), HasSubstr("4 channels")));
}

TEST_F(BadInput, AnImageSmallerThanTheNetworksSee) {
  make_images();
  write_png(path("images") / "trainA" / "3.png", 48, PNG_FORMAT_RGB);
  expect_images_refused(AllOf(HasSubstr("trainA/3.png"), HasSubstr("48 x 48"), HasSubstr("64")));
}

TEST_F(BadInput, ANumberOfRanksThatCannotShareARun) {
  expect_refused(3, {"tiny.yaml", "--out", "out", "--set", "run.ranks_per_run=3"},
                 AllOf(HasSubstr("run.ranks_per_run"), HasSubstr("1, 2, 4")));
}

TEST_F(BadInput, MoreRanksForARunThanWereStarted) {
  expect_refused(2, {"tiny.yaml", "--out", "out", "--set", "run.ranks_per_run=4"},
                 AllOf(HasSubstr("run.ranks_per_run"), HasSubstr("2 ranks"), HasSubstr("1, 2")));
}

TEST_F(BadInput, APrecisionThatOnlyGpusHave) {
  expect_refused(2, {"tiny.yaml", "--out", "out", "--set", "train.precision=tf32"},
                 HasSubstr("train.precision: tf32 needs GPUs"));
}

// On a login node, where the job does not train.
TEST_F(BadInput, ADryRunSaysThatAPrecisionNeedsGpus) {
  Command command =
      sweep_command(0, {"tiny.yaml", "--out", "out", "--dry-run", "--set", "train.precision=tf32"});
  const Ended refused = run(command);  // with --device cpu
  EXPECT_EQ(refused.exit_code, kBadInput) << refused.text();
  EXPECT_THAT(refused.err, HasSubstr("train.precision: tf32 needs GPUs"));
  command.words.back() = "auto";
  command.environment["CUDA_VISIBLE_DEVICES"] = "";
  const Ended warned = run(command);
  EXPECT_EQ(warned.exit_code, 0) << warned.text();
  EXPECT_THAT(warned.err, HasSubstr("tf32 needs GPUs, which this machine does not have"));
  EXPECT_THAT(warned.out, HasSubstr("1 run: 1 to do"));
}

TEST_F(BadInput, TwoFoldersOfTheSameImages) {
  make_images();
  fs::copy(path("images"), path("copy"), fs::copy_options::recursive);
  expect_refused({"data.kind=folders", "sweep.axes={data.root: [images, copy]}"},
                 AllOf(HasSubstr("two runs would be the same"), HasSubstr("the same content")));
}

TEST_F(BadInput, AnOutputFolderBelowAFile) {
  expect_refused(0, {"tiny.yaml", "--out", "tiny.yaml/out"},
                 AllOf(HasSubstr("output folder tiny.yaml/out"), HasSubstr("is a file")));
}

TEST_F(BadInput, AnOutputFolderThatIsAFile) {
  expect_refused(0, {"tiny.yaml", "--out", "tiny.yaml"},
                 AllOf(HasSubstr("output folder tiny.yaml"), HasSubstr("is a file")));
}

TEST_F(BadInput, AnExtractorThatIsNotTorchScript) {
  write_text(path("inception.pt"), "not a module");
  expect_refused({"evaluate.extractor={kind: torchscript, file: inception.pt}"},
                 AllOf(HasSubstr("evaluate.extractor.file"), HasSubstr("inception.pt"),
                       HasSubstr("TorchScript")));
}

TEST_F(BadInput, APercentageThatLeavesLessThanABatch) {
  expect_refused({"sweep.percentages=[10]"},
                 AllOf(HasSubstr("train.batch_size"), HasSubstr("10 %")));
}

TEST_F(BadInput, APercentageOfAFolderThatLeavesLessThanABatch) {
  make_images();
  expect_refused({"data.kind=folders", "data.root=images", "sweep.percentages=[50]"},
                 AllOf(HasSubstr("50 %"), HasSubstr("batch")));
}

TEST_F(BadInput, AnUnknownFlag) {
  expect_refused(0, {"tiny.yaml", "--out", "out", "--sead", "1"}, HasSubstr("--sead"));
}

TEST_F(BadInput, AMissingGpu) {
  Command command = sweep_command(0, {"tiny.yaml", "--out", "out"});
  command.words.back() = "cuda";
  command.environment["CUDA_VISIBLE_DEVICES"] = "";
  const auto before = listing(path("."));
  const Ended ended = run(command);
  EXPECT_EQ(ended.exit_code, kBadInput) << ended.text();
  EXPECT_THAT(ended.err, HasSubstr("no GPU is visible"));
  EXPECT_EQ(listing(path(".")), before);
}

TEST_F(BadInput, AFolderThatAnotherJobUses) {
  const Words words{"tiny.yaml", "--out", "out", "--set", "train.epochs=500"};
  Subprocess first(sweep_command(0, words));
  const auto lock = path("out") / "locks" / "000001.lock";
  ASSERT_TRUE(wait_until([&] { return fs::exists(lock) || !first.running(); }));
  ASSERT_TRUE(first.running()) << first.wait(std::chrono::seconds(1)).text();
  const Ended second = sweep(0, words);
  EXPECT_EQ(second.exit_code, kBadInput) << second.text();
  EXPECT_THAT(second.err, AllOf(HasSubstr("another job works on this folder"),
                                HasSubstr("process " + std::to_string(first.pid()) + " on host")));
  EXPECT_TRUE(first.running()) << "the first job was disturbed";
}

TEST_F(BadInput, AReportOfAFolderWithoutResults) {
  fs::create_directory(path("empty"));
  for (const char* folder : {"empty", "absent"}) {
    const Ended ended = report({folder});
    EXPECT_EQ(ended.exit_code, kBadInput) << ended.text();
    EXPECT_THAT(ended.err, HasSubstr(folder));
  }
  EXPECT_FALSE(fs::exists(path("absent")));
}

TEST_F(BadInput, AStatusIsNotWrittenIntoAFolder) {
  const Ended ended = report({"out", "--status", "--output", "report"});
  EXPECT_EQ(ended.exit_code, kBadInput) << ended.text();
  EXPECT_THAT(ended.err, AllOf(HasSubstr("--status"), HasSubstr("--output")));
}

}  // namespace
}  // namespace scgan::end_to_end
