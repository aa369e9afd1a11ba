#include "tools/translate/translate.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/data/dataset_source.h"
#include "core/image/image_file.h"
#include "core/image/pixel_range.h"
#include "core/model/resnet_generator.h"
#include "core/train/training_input.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_images.h"
#include "tests/tools/translate/negative.h"

namespace scgan {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class TranslateFolderTest : public testing::Test {
 protected:
  fs::path path(const std::string& name) const { return folder_.path() / name; }

  void SetUp() override { fs::create_directories(path("in")); }

  TranslateResult translate(Generator& generator, const TranslateOptions& options = {},
                            const std::string& output = "out") const {
    return translate_folder(generator, path("in"), path(output), options, [](int64_t, int64_t) {});
  }
  std::string refusal(const TranslateOptions& options, const std::string& output = "out",
                      ErrorKind kind = ErrorKind::kInvalidSpec) const {
    return error_of(kind, [&] {
      Negative generator;
      translate(generator, options, output);
    });
  }

  TempDir folder_;
};

TEST_F(TranslateFolderTest, ZeroWeightsReturnTheTanhOfTheLastBias) {
  write_png(path("in/x.png"), test_image(10, 13));
  const auto generator = make_resnet_generator(2, 1);
  const at::NoGradGuard no_grad;
  for (auto& [name, parameter] : generator->parameters()) {
    parameter.zero_();
    if (name == "model.18.bias") parameter.copy_(at::tensor({0.5f, -0.25f, -20.0f}));
  }
  EXPECT_EQ(translate(*generator).written, 1);
  const at::Tensor image = read_image(path("out/x.png"));
  EXPECT_THAT(image.sizes().vec(), ElementsAre(3, 10, 13));
  // (tanh(b) + 1) / 2 * 255, truncated: 186.42, 96.27, 0.
  const std::vector<int> expected{186, 96, 0};
  for (int channel = 0; channel < 3; ++channel) {
    EXPECT_TRUE(image[channel].eq(expected[static_cast<size_t>(channel)]).all().item<bool>());
  }
}

TEST_F(TranslateFolderTest, EightBitsInAreEightBitsOut) {
  write_png8(path("in/grey.png"), 1, 3, 1, {0, 100, 255});
  Negative generator;
  translate(generator);
  const at::Tensor image = read_image(path("out/grey.png"));
  EXPECT_EQ(image.scalar_type(), at::kByte);
  EXPECT_TRUE(at::equal(image[0], image[2]));
  // The negative of v is 255 - v; truncation may lose one level to rounding.
  EXPECT_TRUE((image[0].flatten().to(at::kInt) - at::tensor({255, 155, 0}, at::kInt))
                  .abs()
                  .le(1)
                  .all()
                  .item<bool>());
}

TEST_F(TranslateFolderTest, SixteenBitsAreKeptIfRequested) {
  write_png16(path("in/deep.png"), 1, 4, 1, {0, 1, 30000, 65535});
  Negative generator;
  translate(generator, {.bits = 16});
  EXPECT_EQ(read_image_info(path("out/deep.png")).bits, 16);
  const at::Tensor image = read_image(path("out/deep.png"));
  EXPECT_TRUE(at::equal(image[1].flatten(), at::tensor({65535.f, 65534.f, 35535.f, 0.f})));
  translate(generator, {.bits = 8, .force = true});
  EXPECT_EQ(read_image_info(path("out/deep.png")).bits, 8);
}

TEST_F(TranslateFolderTest, PercentilesOfTheFolderAreBlackAndWhite) {
  // Values 1000 to 1010 over two files: 0 % and 100 % are the ends.
  write_png16(path("in/a.png"), 1, 3, 1, {1000, 1005, 1010});
  write_png16(path("in/b.png"), 1, 1, 1, {1002});
  Negative generator;
  translate(generator, {.bits = 16, .percentile = {{0, 100}}});
  EXPECT_TRUE(at::allclose(read_image(path("out/a.png"))[0].flatten(),
                           at::tensor({65535.f, 32768.f, 0.f}), 0, 1));
  EXPECT_NEAR(read_image(path("out/b.png"))[0][0][0].item<float>(), 0.8 * 65535, 1);
}

TEST_F(TranslateFolderTest, PercentilesOfMixedDepthsAreRefused) {
  write_png16(path("in/a.png"), 1, 3, 1, {1000, 1005, 1010});
  write_png8(path("in/b.png"), 1, 3, 1, {0, 100, 255});
  write_png8(path("in/c.png"), 1, 3, 1, {0, 100, 255});
  EXPECT_EQ(refusal({.percentile = {{0, 100}}}, "out", ErrorKind::kData),
            path("in/a.png").string() +
                ": has 16 bits per channel, but 2 of 3 images have 8; all must have one depth");
}

// A TIFF of one line of three 32-bit floats, written by hand: little-endian, one strip behind the
// ten entries of its directory.
std::string float_tiff(const std::array<float, 3>& values) {
  constexpr std::array<std::array<uint32_t, 3>, 10> kEntries{{{256, 3, 3},
                                                              {257, 3, 1},
                                                              {258, 3, 32},
                                                              {259, 3, 1},
                                                              {262, 3, 1},
                                                              {273, 4, 8 + 2 + 120 + 4},
                                                              {277, 3, 1},
                                                              {278, 3, 1},
                                                              {279, 4, 12},
                                                              {339, 3, 3}}};  // tag, type, value
  std::string bytes("II\x2a\0\x08\0\0\0\x0a\0", 10);
  const auto append = [&](const void* number, size_t size) {
    bytes.append(static_cast<const char*>(number), size);
  };
  for (const auto& [tag, type, value] : kEntries) {
    const uint32_t one = 1;
    append(&tag, 2);
    append(&type, 2);
    append(&one, 4);
    append(&value, 4);
  }
  bytes += std::string(4, '\0');  // no second image
  append(values.data(), sizeof values);
  return bytes;
}

TEST_F(TranslateFolderTest, FloatImagesNeedPercentiles) {
  write_file_atomically(path("in/f.tif"), float_tiff({-0.5f, 0.0f, 1.5f}));
  Negative generator;
  const auto result = translate(generator);
  EXPECT_THAT(result.failures, ElementsAre(AllOf(HasSubstr("f.tif"), HasSubstr("--percentile"))));
  EXPECT_EQ(translate(generator, {.bits = 16, .percentile = {{0, 100}}}).written, 1);
  // The negative of 0, a quarter and 1 of the range.
  EXPECT_TRUE(at::allclose(read_image(path("out/f.png"))[0].flatten(),
                           at::tensor({65535.f, 49151.f, 0.f}), 0, 1));
}

TEST_F(TranslateFolderTest, AChannelOfOneValueCannotBeStretched) {
  write_png8(path("in/flat.png"), 1, 3, 1, {7, 7, 7});
  EXPECT_THAT(refusal({.percentile = {{0, 100}}}, "out", ErrorKind::kData),
              AllOf(HasSubstr("--percentile 0,100"), HasSubstr("farther apart")));
}

TEST_F(TranslateFolderTest, SizeResizesAsInTraining) {
  write_png(path("in/x.png"), test_image(20, 30));
  Negative generator;
  translate(generator, {.size = 16});
  const at::Tensor image = read_image(path("out/x.png"));
  EXPECT_THAT(image.sizes().vec(), ElementsAre(3, 16, 16));
  EXPECT_THAT(generator.seen.at(0).sizes().vec(), ElementsAre(1, 3, 16, 16));
}

// Images as a microscope with 12 bits leaves them: `brightest` is the largest value.
void write_plate(const fs::path& file, int64_t bits, int64_t side, int64_t seed, double brightest) {
  const at::Tensor image = test_image(side, side, seed).to(at::kFloat) * (brightest / 255);
  if (bits == 8) return write_png(file, image.to(at::kByte));
  write_png(file, image.round());
}

// A trained generator translates a run's test images as the run's scores did: the data set's images
// are the source of the expected values.
TEST_F(TranslateFolderTest, TestImagesOfARunAreTranslatedAsInTheRun) {
  const auto generator = make_resnet_generator(4, 1);
  initialize(*generator, 3, NetworkIndex::kGA);
  generator->set_training(false);
  for (const int64_t bits : {8, 16}) {
    for (const int64_t tiles : {1, 2}) {
      for (const Scaling scaling : {Scaling::kDtype, Scaling::kPercentile}) {
        DatasetSpec spec;
        spec.kind = DataKind::kFolders;
        spec.root = path(fmt::format("data-{}-{}-{}", bits, tiles,
                                     scaling == Scaling::kDtype ? "full" : "fitted"))
                        .string();
        spec.image_size = 64;
        spec.tiles = tiles;
        spec.scaling = scaling;
        for (const std::string split : {"trainA", "trainB", "testA", "testB"}) {
          fs::create_directories(fs::path(spec.root) / split);
          for (const int i : {0, 1}) {
            // Test images are dimmer than those that the range is fitted to.
            write_plate(fs::path(spec.root) / split / fmt::format("{}.png", i), bits, 150, i,
                        (split.starts_with("test") ? 100 : 200) * (bits == 8 ? 1 : 20));
          }
        }
        const Dataset data = DatasetSource(spec).load();
        const fs::path out = spec.root + "-translated";
        const auto result =
            translate_folder(*generator, fs::path(spec.root) / "testA", out,
                             {.input = training_input(spec, data)}, [](int64_t, int64_t) {});
        ASSERT_THAT(result.failures, ElementsAre());
        const at::NoGradGuard no_grad;
        for (int64_t i = 0; i < data.test_a.images.size(0); ++i) {
          const int64_t in_field = i % (tiles * tiles);
          const at::Tensor whole = read_image(out / fmt::format("{}.png", i / (tiles * tiles)));
          const at::Tensor part =
              whole.narrow(1, in_field / tiles * 64, 64).narrow(2, in_field % tiles * 64, 64);
          const at::Tensor fake = to_grey_levels(
              generator->forward(to_network_range(data.test_a.images.narrow(0, i, 1))));
          EXPECT_TRUE(at::equal(part, fake[0])) << spec.root << " image " << i;
        }
      }
    }
  }
}

TEST_F(TranslateFolderTest, FittedRangeOfTheTrainingKeepsPlatesComparable) {
  write_png16(path("in/dim.png"), 1, 4, 1, {0, 250, 500, 1000});
  write_png16(path("in/bright.png"), 1, 4, 1, {0, 1000, 2000, 4000});
  const GeneratorInput input{64, 1, 16, true, {{{0, 4000}, {0, 4000}, {0, 4000}}}};
  Negative generator;
  translate(generator, {.input = input, .keep_size = true, .bits = 16});
  // The negative of v / 4000, of 65535; alone or beside other images.
  const at::Tensor dim = at::tensor({65535.f, 61439.f, 57343.f, 49151.f});
  EXPECT_TRUE(at::allclose(read_image(path("out/dim.png"))[0].flatten(), dim, 0, 1));
  EXPECT_TRUE(at::allclose(read_image(path("out/bright.png"))[0].flatten(),
                           at::tensor({65535.f, 49151.f, 32768.f, 0.f}), 0, 1));
  fs::remove(path("in/bright.png"));
  translate(generator, {.input = input, .keep_size = true, .bits = 16, .force = true});
  EXPECT_TRUE(at::allclose(read_image(path("out/dim.png"))[0].flatten(), dim, 0, 1));
}

TEST_F(TranslateFolderTest, FittedRangeIsNotUsedForAnotherDepth) {
  write_png8(path("in/a.png"), 1, 3, 1, {0, 100, 255});
  const GeneratorInput input{64, 1, 16, true, {{{0, 4000}, {0, 4000}, {0, 4000}}}};
  Negative generator;
  EXPECT_THAT(translate(generator, {.input = input}).failures,
              ElementsAre(AllOf(HasSubstr("a.png"), HasSubstr("8 bits"), HasSubstr("16 bits"))));
}

// As a plate reader leaves them: a grey file for each channel, none for green.
TEST_F(TranslateFolderTest, RowsOfAManifestAreTranslatedWithTheirChannels) {
  write_png16(path("in/red.png"), 1, 4, 1, {0, 1000, 2000, 4000});
  write_png16(path("in/blue.png"), 1, 4, 1, {4000, 2000, 1000, 0});
  write_file_atomically(path("plate.csv"),
                        "split,domain,red,green,blue,name\n"
                        "test,A,in/red.png,,in/blue.png,well\n"
                        "test,B,in/absent.png,,,other\n");
  const GeneratorInput input{64, 1, 16, true, {{{0, 4000}, {0, 4000}, {0, 4000}}}};
  Negative generator;
  const auto result =
      translate_folder(generator, path("plate.csv"), path("out"),
                       {.input = input, .keep_size = true, .bits = 16}, [](int64_t, int64_t) {});
  EXPECT_EQ(result.written, 1);
  const at::Tensor image = read_image(path("out/well.png"));
  EXPECT_TRUE(at::allclose(image[0].flatten(), at::tensor({65535.f, 49151.f, 32768.f, 0.f}), 0, 1));
  EXPECT_TRUE(image[1].eq(65535).all().item<bool>());  // the negative of black
  EXPECT_TRUE(at::allclose(image[2].flatten(), at::tensor({0.f, 32768.f, 49151.f, 65535.f}), 0, 1));
  EXPECT_THAT(error_of(ErrorKind::kData,
                       [&] {
                         translate_folder(generator, path("plate.csv"), path("out"),
                                          {.split = Split::kTestB, .force = true},
                                          [](int64_t, int64_t) {});
                       }),
              HasSubstr("plate.csv:3: "));
}

TEST_F(TranslateFolderTest, SizeOfTheTrainingIsOnlyADefault) {
  write_png(path("in/x.png"), test_image(80, 100));
  const GeneratorInput input{64, 2, 8, false, {{{0, 255}, {0, 255}, {0, 255}}}};
  const auto size_with = [&](const TranslateOptions& options) {
    Negative generator;
    translate(generator, options);
    return std::pair(read_image(path("out/x.png")).sizes().vec(), generator.seen.size());
  };
  using Size = std::vector<int64_t>;
  EXPECT_EQ(size_with({.input = input}), std::pair(Size({3, 128, 128}), size_t{4}));
  EXPECT_EQ(size_with({.input = input, .keep_size = true, .force = true}),
            std::pair(Size({3, 80, 100}), size_t{1}));
  EXPECT_EQ(size_with({.input = input, .size = 16, .force = true}),
            std::pair(Size({3, 16, 16}), size_t{1}));
  EXPECT_EQ(size_with({.input = input, .size = 64, .tiles = true, .force = true}),
            std::pair(Size({3, 80, 100}), size_t{4}));
  EXPECT_THAT(refusal({.keep_size = true, .size = 16}), HasSubstr("--keep-size"));
}

TEST_F(TranslateFolderTest, NamesAreKeptUnderTheExtensionPng) {
  write_jpeg(path("in/well B02.field.1.JPG"), 8, 8, 1, std::vector<uint8_t>(64, 77));
  write_png(path("in/z.png"), test_image(8, 8));
  Negative generator;
  std::vector<int64_t> progress;
  const auto result = translate_folder(generator, path("in"), path("made/out"), {},
                                       [&](int64_t done, int64_t total) {
                                         progress.insert(progress.end(), {done, total});
                                       });
  EXPECT_EQ(result.written, 2);
  EXPECT_TRUE(fs::exists(path("made/out/well B02.field.1.png")));
  EXPECT_TRUE(fs::exists(path("made/out/z.png")));
  EXPECT_THAT(progress, ElementsAre(1, 2, 2, 2));
}

TEST_F(TranslateFolderTest, NothingIsOverwrittenUnlessForced) {
  for (int i = 0; i < 23; ++i) {
    const std::string name = std::to_string(100 + i) + ".png";
    write_png(path("in/" + name), test_image(8, 8, i));
    if (i == 0) continue;
    fs::create_directories(path("out"));
    write_file_atomically(path("out/" + name), "mine");
  }
  EXPECT_THAT(refusal({}), AllOf(HasSubstr("out/101.png"), HasSubstr("out/120.png"),
                                 Not(HasSubstr("out/121.png")), HasSubstr("... and 2 more"),
                                 HasSubstr("--force")));
  EXPECT_FALSE(fs::exists(path("out/100.png"))) << "something was written before the clash";
  EXPECT_EQ(read_file(path("out/101.png")), "mine");
  Negative generator;
  EXPECT_EQ(translate(generator, {.force = true}).written, 23);
  EXPECT_NE(read_file(path("out/101.png")), "mine");
}

TEST_F(TranslateFolderTest, TwoImagesWithTheSameOutputNameAreRefused) {
  write_png(path("in/x.png"), test_image(8, 8));
  write_jpeg(path("in/x.jpg"), 8, 8, 1, std::vector<uint8_t>(64, 77));
  EXPECT_THAT(refusal({.force = true}),
              AllOf(HasSubstr("x.jpg"), HasSubstr("x.png"), HasSubstr("would both be written to")));
  EXPECT_FALSE(fs::exists(path("out")));
}

TEST_F(TranslateFolderTest, OneFolderForInputAndOutputIsRefused) {
  write_png(path("in/x.png"), test_image(8, 8));
  fs::create_directory_symlink(path("in"), path("link"));
  for (const char* output : {"in", "in/../in", "link"}) {
    EXPECT_THAT(refusal({.force = true}, output), HasSubstr("same folder")) << output;
  }
}

TEST_F(TranslateFolderTest, AnOutputThatIsAFileIsRefused) {
  write_png(path("in/x.png"), test_image(8, 8));
  write_file_atomically(path("out"), "mine");
  EXPECT_THAT(refusal({}), HasSubstr("is a file"));
}

// Returns what it is shown.
class Unchanged final : public Generator {
 public:
  torch::nn::Module& module() override { return module_; }
  at::Tensor forward(const at::Tensor& images) override { return images; }

 private:
  torch::nn::Module module_;
};

TEST_F(TranslateFolderTest, IntensitiesAreRawValuesOnTheScaleOfTheTraining) {
  write_png16(path("in/deep.png"), 1, 6, 1, {0, 100, 101, 1234, 3100, 40000});
  const GeneratorInput input{.image_size = 8,
                             .bits = 16,
                             .is_fitted = true,
                             .range = {{{100, 3100}, {100, 3100}, {0, 1000}}}};
  Unchanged same;
  translate(same, {.input = input, .keep_size = true, .intensities = true});
  EXPECT_EQ(read_image_info(path("out/deep.png")).bits, 16);
  const at::Tensor image = read_image(path("out/deep.png")).flatten(1);
  // What training took for darker than black or brighter than white is lost.
  EXPECT_TRUE(at::equal(image[0], at::tensor({100.f, 100.f, 101.f, 1234.f, 3100.f, 3100.f})));
  EXPECT_TRUE(at::equal(image[2], at::tensor({0.f, 100.f, 101.f, 1000.f, 1000.f, 1000.f})));
  Negative generator;
  translate(generator, {.input = input, .keep_size = true, .intensities = true, .force = true});
  // The negative of v is 3200 - v.
  EXPECT_TRUE(at::equal(read_image(path("out/deep.png")).flatten(1)[1],
                        at::tensor({3100.f, 3100.f, 3099.f, 1966.f, 100.f, 100.f})));
}

TEST_F(TranslateFolderTest, IntensitiesOfFullRangesAreTheValuesOfTheFile) {
  std::vector<uint16_t> deep(65536);
  for (size_t i = 0; i < deep.size(); ++i) deep[i] = static_cast<uint16_t>(i);
  write_png16(path("in/deep.png"), 256, 256, 1, deep);
  std::vector<uint8_t> levels(256);
  for (size_t i = 0; i < levels.size(); ++i) levels[i] = static_cast<uint8_t>(i);
  write_png8(path("in/flat.png"), 16, 16, 1, levels);
  Unchanged generator;
  EXPECT_EQ(translate(generator, {.intensities = true}).written, 2);
  for (const char* name : {"deep.png", "flat.png"}) {
    EXPECT_TRUE(at::equal(read_image(path("out") / name), read_image(path("in") / name))) << name;
  }
}

TEST_F(TranslateFolderTest, IntensitiesOfFloatImagesAreRefused) {
  write_file_atomically(path("in/f.tif"), float_tiff({-0.5f, 0.0f, 1.5f}));
  Negative generator;
  EXPECT_THAT(translate(generator, {.intensities = true, .percentile = {{0, 100}}}).failures,
              ElementsAre(AllOf(HasSubstr("f.tif"), HasSubstr("use --bits 16"))));
}

TEST_F(TranslateFolderTest, TilesOverlapByAQuarterUnlessToldOtherwise) {
  write_png(path("in/x.png"), test_image(16, 40));
  Negative generator;
  translate(generator, {.size = 16, .tiles = true});
  EXPECT_EQ(generator.seen.size(), 3);  // 0, 12 and 24
  translate(generator, {.size = 16, .tiles = true, .overlap = 8, .force = true});
  EXPECT_EQ(generator.seen.size(), 3 + 4);  // 0, 8, 16 and 24
}

TEST_F(TranslateFolderTest, AnImageThatCannotBeReadDoesNotLoseTheOthers) {
  for (const char* name : {"in/a.png", "in/b.png", "in/c.png"}) {
    write_png(path(name), test_image(8, 8));
  }
  truncate_file(path("in/b.png"), 0.5);
  Negative generator;
  const auto result = translate(generator);
  EXPECT_EQ(result.written, 2);
  EXPECT_THAT(result.failures, ElementsAre(AllOf(HasSubstr("b.png"), HasSubstr("truncated"))));
  EXPECT_TRUE(fs::exists(path("out/c.png")));
  EXPECT_FALSE(fs::exists(path("out/b.png")));
}

TEST_F(TranslateFolderTest, AGeneratorErrorFailsOnlyThatImage) {
  class Choosy final : public Generator {
   public:
    torch::nn::Module& module() override { return module_; }
    at::Tensor forward(const at::Tensor& images) override {
      TORCH_CHECK(images.size(3) == 8, "out of memory\nand more");
      return images;
    }

   private:
    torch::nn::Module module_;
  };
  write_png(path("in/a.png"), test_image(8, 16));
  write_png(path("in/b.png"), test_image(8, 8));
  Choosy generator;
  const auto result = translate(generator);
  EXPECT_EQ(result.written, 1);
  EXPECT_THAT(result.failures, ElementsAre(AllOf(HasSubstr("a.png"), HasSubstr("out of memory"),
                                                 HasSubstr("--tiles"), Not(HasSubstr("\n")))));
}

TEST_F(TranslateFolderTest, SaysWhichOptionsAreInvalid) {
  write_png(path("in/x.png"), test_image(8, 8));
  EXPECT_THAT(refusal({.size = 30}), HasSubstr("multiple of 4"));
  EXPECT_THAT(refusal({.size = 4}), HasSubstr("at least 8"));
  EXPECT_THAT(refusal({.tiles = true}), HasSubstr("--tiles needs --size"));
  EXPECT_THAT(refusal({.bits = 12}), HasSubstr("8 or 16"));
  EXPECT_THAT(refusal({.bits = 16, .intensities = true}), HasSubstr("use one of them"));
  EXPECT_THAT(refusal({.overlap = 8}), HasSubstr("is for --tiles"));
  EXPECT_THAT(refusal({.size = 20, .tiles = true, .overlap = 12}),
              HasSubstr("--overlap 12: must be a multiple of 4 from 0 to 8"));
  EXPECT_THAT(refusal({.percentile = {{99, 1}}}), HasSubstr("ascending"));
  EXPECT_FALSE(fs::exists(path("out")));
}

TEST_F(TranslateFolderTest, WhatAPng16WriterWritesIsReadBack) {
  const at::Tensor image = at::arange(3 * 4 * 5, at::kFloat).mul(1092).view({3, 4, 5});
  write_png(path("deep.png"), image);
  EXPECT_TRUE(at::equal(read_image(path("deep.png")), image));
  EXPECT_EQ(read_image_info(path("deep.png")).bits, 16);
}

}  // namespace
}  // namespace scgan
