// Images are read as the run that trained the generator read them.
#include "tools/translate/translate.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
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
#include "tests/support/test_images.h"
#include "tests/tools/translate/negative.h"
#include "tests/tools/translate/translate_fixture.h"

namespace scgan {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

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

}  // namespace
}  // namespace scgan
