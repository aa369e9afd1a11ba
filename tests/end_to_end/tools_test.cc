// scgan_fid and scgan_translate as users start them.
#include <png.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/end_to_end/sweep_fixture.h"

namespace scgan::end_to_end {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr int kDone = 0, kPartly = 1, kBadInput = 2;

void write_png(const fs::path& file, uint32_t width, uint32_t height, uint8_t level) {
  fs::create_directories(file.parent_path());
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = width;
  image.height = height;
  image.format = PNG_FORMAT_RGB;
  std::vector<uint8_t> pixels(PNG_IMAGE_SIZE(image));
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(level + i * 37 % 101);
  if (png_image_write_to_file(&image, file.c_str(), 0, pixels.data(), 0, nullptr) == 0) {
    throw std::runtime_error(image.message);
  }
}

class Tools : public SweepFixture {
 protected:
  Ended start(const char* program, const Words& arguments) const {
    Words words{program};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return run({words, {{"OMP_NUM_THREADS", "1"}}, path(".")});
  }
  Ended fid(const Words& arguments) const { return start(SCGAN_FID, arguments); }
  Ended translate(const Words& arguments) const { return start(SCGAN_TRANSLATE, arguments); }

  void make_sets() const {
    for (int i = 0; i < 4; ++i) {
      const std::string name = std::to_string(i) + ".png";
      write_png(path("a") / name, 16, 16, static_cast<uint8_t>(10 * i));
      write_png(path("b") / name, 24, 20, static_cast<uint8_t>(100 + 10 * i));
    }
  }
  // A run of the tiny sweep; its generators.
  fs::path train() const {
    const Ended ended = sweep(0, {"tiny.yaml", "--out", "out", "--quiet"});
    EXPECT_EQ(ended.exit_code, kDone) << ended.text();
    return run_folder(path("out"));
  }
};

// The number behind "key": in JSON with one key per line.
std::string value_of(const std::string& json, const std::string& key) {
  const std::string name = "\"" + key + "\": ";
  const size_t begin = json.find(name);
  if (begin == std::string::npos) return "";
  const size_t first = begin + name.size();
  return json.substr(first, json.find_first_of(",\n", first) - first);
}

TEST_F(Tools, FidOfTwoFoldersAsTextAndAsJson) {
  make_sets();
  const Ended text = fid({"a", "b"});
  EXPECT_EQ(text.exit_code, kDone) << text.text();
  EXPECT_THAT(text.out, AllOf(HasSubstr("FID"), HasSubstr("KID"), HasSubstr("a: 4 images"),
                              HasSubstr("random_conv"), HasSubstr("ddof")));
  EXPECT_THAT(text.err, AllOf(HasSubstr("not Inception"), HasSubstr("fewer than the 448")));
  const Ended json = fid({"a", "b", "--json", "--self-check"});
  EXPECT_EQ(json.exit_code, kDone) << json.text();
  EXPECT_GT(std::stod(value_of(json.out, "fid")), 0);
  EXPECT_LT(std::stod(value_of(json.out, "relative_difference")), 1e-6);
}

TEST_F(Tools, FidOfAFolderWithItselfIsZeroAndRepeatable) {
  make_sets();
  const Ended first = fid({"a", "a", "--json"});
  EXPECT_NEAR(std::stod(value_of(first.out, "fid")), 0, 1e-9) << first.text();
  EXPECT_EQ(fid({"a", "b", "--json"}).out, fid({"a", "b", "--json"}).out);
}

TEST_F(Tools, SavedStatisticsHaveTheDistanceOfTheirImages) {
  make_sets();
  const Ended saved = fid({"b", "--save", "b.npz"});
  EXPECT_EQ(saved.exit_code, kDone) << saved.text();
  const Ended ended = fid({"a", "b.npz", "--json"});
  EXPECT_EQ(ended.exit_code, kDone) << ended.text();
  const double of_images = std::stod(value_of(fid({"a", "b", "--json"}).out, "fid"));
  EXPECT_NEAR(std::stod(value_of(ended.out, "fid")), of_images, 1e-6 * of_images);
}

// Images of 90 x 70 pixels in 2 x 2 tiles of 64, with fitted black and white, and a name with
// blanks: all that stands between files and features.
TEST_F(Tools, TranslationAndFidRecomputeTheScoresOfARun) {
  for (const char* split : {"trainA", "trainB", "testA", "testB"}) {
    for (int i = 0; i < 5; ++i) {
      const auto level = static_cast<uint8_t>((split[4] == 'A' ? 20 : 120) + 7 * i + split[5] % 5);
      write_png(path("data") / split / (std::to_string(i) + ".png"), 90, 70, level);
    }
  }
  const Ended trained =
      sweep(0, {"tiny.yaml", "--out", "out", "--quiet", "--set",
                "data={kind: folders, root: data, image_size: 64, tiles: 2, scaling: percentile}",
                "--set", "variants={'CycleGAN + \"DiffAugment\"': {base: cyclegan_diffaug}}",
                "--set", "sweep.variants=['CycleGAN + \"DiffAugment\"']"});
  ASSERT_EQ(trained.exit_code, kDone) << trained.text();
  const std::string weights = (run_folder(path("out")) / "netG_A.safetensors").string();
  ASSERT_EQ(translate({weights, "data/testA", "fakes"}).exit_code, kDone);
  const Ended csv = report({"out", "--format", "csv"});
  EXPECT_THAT(csv.out, HasSubstr(",\"CycleGAN + \"\"DiffAugment\"\"\",100,"));
  const auto stored = [&](const std::string& score) {
    const size_t at = csv.out.find("," + score + ",AtoB,3,");
    EXPECT_NE(at, std::string::npos) << csv.text();
    return std::stod(csv.out.substr(at + score.size() + 9));
  };
  // A run translates images in batches, which may round some grey levels to the other side.
  const Ended same = fid({"fakes", "data/testB", "--weights", weights, "--json"});
  EXPECT_NEAR(std::stod(value_of(same.out, "fid")) / stored("fid"), 1, 1e-4) << same.text();
  EXPECT_NEAR(std::stod(value_of(same.out, "full")) / stored("kid"), 1, 1e-4);
  const Ended untranslated = fid({"data/testA", "data/testB", "--weights", weights,
                                  "--untranslated", "--json", "--batch-size", "8"});
  EXPECT_EQ(std::stod(value_of(untranslated.out, "fid")), stored("fid_untranslated"));
  const Ended plain = fid({"fakes", "data/testB", "--size", "64", "--tiles", "2", "--json"});
  EXPECT_EQ(plain.exit_code, kDone) << plain.text();
  EXPECT_GT(std::abs(std::stod(value_of(plain.out, "fid")) / stored("fid") - 1), 0.01)
      << "the fitted range makes no difference";
}

TEST_F(Tools, BadInputOfFidIsNamed) {
  make_sets();
  write_text(path("a/broken.png"), "not a picture");
  write_text(path("bad.npz"), "not an archive");
  write_text(path("bad.safetensors"), "not weights");
  const auto expect_refused = [&](const Words& arguments,
                                  const testing::Matcher<std::string>& message) {
    const auto before = listing(path("."));
    const Ended ended = fid(arguments);
    EXPECT_EQ(ended.exit_code, kBadInput) << ended.text();
    EXPECT_THAT(ended.err, message);
    EXPECT_EQ(ended.out, "");
    EXPECT_EQ(listing(path(".")), before);
  };
  expect_refused({"a", "b"}, AllOf(HasSubstr("a/broken.png"), Not(HasSubstr("0.png"))));
  expect_refused({"absent", "b"}, HasSubstr("absent"));
  expect_refused({"b", "bad.npz"}, AllOf(HasSubstr("bad.npz"), HasSubstr("not a zip archive")));
  expect_refused({"b", "b", "--extractor", "bad.safetensors"}, HasSubstr("bad.safetensors"));
  expect_refused({"b", "b", "--extractor", "absent.pt"},
                 HasSubstr("scgan_fid: --extractor absent.pt: "));
  expect_refused({"b"}, HasSubstr("--save"));
  expect_refused({"b", "--save", "nowhere/b.npz"}, HasSubstr("there is no folder nowhere"));
  expect_refused({"b", "b", "--variant", "clean"}, HasSubstr("--extractor"));
  expect_refused({"b", "b", "--variant", "other"}, HasSubstr("other"));
  expect_refused({"b", "b", "--tiles", "2"}, HasSubstr("--tiles needs --size"));
  expect_refused({"b", "b", "--untranslated"}, HasSubstr("is for --weights"));
  expect_refused({"b", "b", "--weights", "absent.safetensors"}, HasSubstr("absent.safetensors"));
  expect_refused({"b", "b", "--bootstrap"}, HasSubstr("--bootstrap"));
  expect_refused({}, HasSubstr("A is required"));
}

TEST_F(Tools, AnOutputThatCannotBeWrittenEndsWithThree) {
  make_sets();
  fs::create_directories(path("a.npz"));
  write_text(path("a.npz/full"), "a folder takes the file's place");
  const auto before = listing(path("."));
  const Ended ended = fid({"a", "--save", "a.npz"});
  EXPECT_EQ(ended.exit_code, 3) << ended.text();
  EXPECT_THAT(ended.err, HasSubstr("a.npz"));
  EXPECT_EQ(listing(path(".")), before);
}

TEST_F(Tools, TheGeneratorsOfARunTranslateAFolder) {
  make_sets();
  const fs::path run = train();
  const Ended ended = translate({(run / "netG_A.safetensors").string(), "b", "translated"});
  EXPECT_EQ(ended.exit_code, kDone) << ended.text();
  EXPECT_THAT(ended.out, HasSubstr("4 images written to translated"));
  EXPECT_THAT(ended.err, HasSubstr("width 4 with 1 blocks"));
  EXPECT_EQ(listing(path("translated")).size(), 4);
  const std::string first = read_text(path("translated/0.png"));

  const Ended again = translate({(run / "netG_A.safetensors").string(), "b", "translated"});
  EXPECT_EQ(again.exit_code, kBadInput) << again.text();
  EXPECT_THAT(again.err, AllOf(HasSubstr("translated/0.png"), HasSubstr("translated/3.png"),
                               HasSubstr("--force")));
  const Ended other = translate({(run / "netG_B.safetensors").string(), "b", "translated",
                                 "--force", "--quiet", "--size", "8", "--tiles", "--bits", "16"});
  EXPECT_EQ(other.exit_code, kDone) << other.text();
  EXPECT_NE(read_text(path("translated/0.png")), first);
  EXPECT_EQ(fid({"translated", "a"}).exit_code, kDone);
}

TEST_F(Tools, AnImageThatCannotBeReadDoesNotLoseTheOthers) {
  make_sets();
  write_text(path("a/broken.png"), "not a picture");
  const fs::path run = train();
  const Ended ended = translate({(run / "netG_A.safetensors").string(), "a", "translated"});
  EXPECT_EQ(ended.exit_code, kPartly) << ended.text();
  EXPECT_THAT(ended.err, HasSubstr("a/broken.png"));
  EXPECT_THAT(ended.out, AllOf(HasSubstr("4 images written"), HasSubstr("1 failed")));
}

TEST_F(Tools, OneImageIsNotCalledImages) {
  write_png(path("a/0.png"), 16, 16, 0);
  const fs::path run = train();
  const Ended ended = translate({(run / "netG_A.safetensors").string(), "a", "translated"});
  EXPECT_EQ(ended.exit_code, kDone) << ended.text();
  EXPECT_EQ(ended.out, "1 image written to translated\n");
}

TEST_F(Tools, EveryProgramNamesTheFilesThatItSkips) {
  for (const char* split : {"trainA", "trainB", "testA", "testB"}) {
    for (uint8_t i = 0; i < 4; ++i) {
      const std::string name = std::to_string(i) + ".png";
      write_png(path("set") / split / name, 64, 64, static_cast<uint8_t>(20 * i + split[4]));
    }
  }
  write_text(path("set/testA/more.webp"), "RIFF");
  fs::create_directories(path("set/testA/plate1"));
  write_text(path("set/testA/plate1/x.tif"), "II");
  write_text(path("set/testA/notes.txt"), "text");
  const auto warning =
      AllOf(HasSubstr("set/testA: skipped 1 .webp (more.webp), 1 subfolder with images (plate1)"),
            Not(HasSubstr("notes.txt")));
  for (const char* dry : {"--dry-run", "--quiet"}) {
    const Ended swept = sweep(0, {"tiny.yaml", "--out", "out", "--set", "data.kind=folders",
                                  "--set", "data.root=set", dry});
    EXPECT_EQ(swept.exit_code, kDone) << swept.text();
    EXPECT_THAT(swept.err, AllOf(HasSubstr("warn"), warning)) << dry;
  }
  EXPECT_THAT(fid({"set/testA", "set/testB"}).err, warning);
  const Ended translated = translate({(run_folder(path("out")) / "netG_A.safetensors").string(),
                                      "set/testA", "translated", "--quiet"});
  EXPECT_EQ(translated.exit_code, kDone) << translated.text();
  EXPECT_THAT(translated.err, warning);
}

TEST_F(Tools, BadInputOfTranslateIsNamedAndNothingIsWritten) {
  make_sets();
  write_text(path("bad.safetensors"), "not weights at all");
  const fs::path run = train();
  const std::string weights = (run / "netG_A.safetensors").string();
  const auto expect_refused = [&](const Words& arguments,
                                  const testing::Matcher<std::string>& message) {
    const auto before = listing(path("."));
    const Ended ended = translate(arguments);
    EXPECT_EQ(ended.exit_code, kBadInput) << ended.text();
    EXPECT_THAT(ended.err, message);
    EXPECT_EQ(listing(path(".")), before);
  };
  expect_refused({"bad.safetensors", "a", "t"}, HasSubstr("bad.safetensors"));
  expect_refused({(run / "features-AtoB.safetensors").string(), "a", "t"},
                 HasSubstr("no ResNet generator"));
  expect_refused({weights, "absent", "t"}, HasSubstr("absent"));
  expect_refused({weights, "a", "a"}, HasSubstr("same folder"));
  expect_refused({weights, "a", "tiny.yaml"}, HasSubstr("is a file"));
  expect_refused({weights, "a", "t", "--size", "30"}, HasSubstr("multiple of 4"));
  expect_refused({weights, "a", "t", "--percentile", "5"}, HasSubstr("--percentile"));
  expect_refused({weights, "a", "t", "--bits", "12"}, HasSubstr("--bits"));
  expect_refused({weights, "a"}, HasSubstr("OUT_DIR is required"));
}

TEST_F(Tools, HelpAndVersionArePrinted) {
  for (const char* program : {SCGAN_FID, SCGAN_TRANSLATE}) {
    const Ended help = start(program, {"--help"});
    EXPECT_EQ(help.exit_code, kDone);
    EXPECT_THAT(help.out, AllOf(HasSubstr("Examples:"), HasSubstr("Exit codes:")));
    const Ended version = start(program, {"--version"});
    EXPECT_EQ(version.exit_code, kDone);
    EXPECT_THAT(version.out, HasSubstr("git"));
  }
}

}  // namespace
}  // namespace scgan::end_to_end
