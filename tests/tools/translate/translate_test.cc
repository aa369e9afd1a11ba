#include "tools/translate/translate.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/image/image_file.h"
#include "core/model/resnet_generator.h"
#include "tests/support/test_images.h"
#include "tests/tools/translate/negative.h"
#include "tests/tools/translate/translate_fixture.h"

namespace scgan {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

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
