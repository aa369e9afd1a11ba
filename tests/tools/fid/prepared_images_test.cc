// Images are scaled, resized and cut as those of a run before they are compared.
#include "tools/fid/compare_sets.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/data/dataset_source.h"
#include "core/image/image_file.h"
#include "tests/support/error_of.h"
#include "tests/support/test_images.h"
#include "tests/tools/fid/compare_sets_fixture.h"

namespace scgan {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

// Expects the rows of a data set, in batches; the features are the means of their channels.
class PixelsAreRows final : public FeatureExtractor {
 public:
  explicit PixelsAreRows(const at::Tensor& rows) : rows_(rows) {}
  at::Tensor features(const at::Tensor& images) const override {
    const int64_t count = images.size(0);
    EXPECT_TRUE(at::equal(images.to(at::kFloat).flatten(1), rows_.narrow(0, next_, count)))
        << next_;
    next_ = (next_ + count) % rows_.size(0);
    return images.to(at::kFloat).mean(at::IntArrayRef{2, 3});
  }
  std::string name() const override { return "pixels"; }
  std::string digest() const override { return std::string(64, 'c'); }
  std::string preprocessing() const override { return "uint8 RGB"; }

 private:
  const at::Tensor& rows_;
  mutable int64_t next_ = 0;
};

// Real images and translations are prepared as in a sweep: the data set is the source of the
// expected pixels.
TEST_F(CompareSetsTest, ImagesArePreparedAsTheTestImagesOfARun) {
  for (const int64_t bits : {8, 16}) {
    for (const int64_t tiles : {1, 2}) {
      for (const Scaling scaling : {Scaling::kDtype, Scaling::kPercentile}) {
        DatasetSpec spec;
        spec.kind = DataKind::kFolders;
        spec.root = path(fmt::format("{}-{}-{}", bits, tiles, scaling == Scaling::kDtype)).string();
        spec.image_size = 64;
        spec.tiles = tiles;
        spec.scaling = scaling;
        for (const std::string split : {"trainA", "trainB", "testA", "testB"}) {
          for (const int i : {0, 1, 2}) {
            fs::create_directories(fs::path(spec.root) / split);
            const at::Tensor image = test_image(150, 170, i).to(at::kFloat) * (bits == 8 ? 1 : 20);
            write_png(fs::path(spec.root) / split / fmt::format("{}.png", i),
                      bits == 8 ? image.to(at::kByte) : image);
          }
        }
        const Dataset data = DatasetSource(spec).load();
        const at::Tensor levels = data.test_b.images.to(at::kByte).to(at::kFloat).flatten(1);
        const TrainedOn run{{64, tiles, bits, scaling == Scaling::kPercentile, data.range}, {}};
        const FidReport report =
            compare_sets({.a = fs::path(spec.root) / "testB",
                          .b = fs::path(spec.root) / "testB",
                          .features = {.batch_size = 5},
                          .run = run,
                          .untranslated = true},
                         [&](int64_t) { return std::make_unique<PixelsAreRows>(levels); });
        EXPECT_EQ(report.a.images, 3 * tiles * tiles);
        EXPECT_EQ(report.b->resized, 3);
      }
    }
  }
}

TEST_F(CompareSetsTest, RawImagesInPlaceOfTranslationsAreRefused) {
  fs::create_directories(path("a"));
  for (const char* name : {"a/0.png", "a/1.png"}) {
    write_png16(path(name), 1, 3, 1, {0, 1000, 4000});
  }
  const TrainedOn run{{8, 1, 16, true, {{{0, 4000}, {0, 4000}, {0, 4000}}}}, {}};
  EXPECT_THAT(data_error_of([&] { compare({.a = path("a"), .b = path("a"), .run = run}); }),
              AllOf(HasSubstr("a/0.png"), HasSubstr("has 16 bits"), HasSubstr("--untranslated")));
}

TEST_F(CompareSetsTest, TheRowsOfAManifestAreTheTestImagesOfTheTargetDomain) {
  add_four_point_sets();
  std::ofstream table(path("data.csv"));
  table << "split,domain,file\n";
  for (const char* row : {"test,A,a/0.png", "test,B,b/0.png", "test,B,b/1.png", "test,B,b/2.png",
                          "test,B,b/3.png", "train,B,a/3.png"}) {
    table << row << "\n";
  }
  table.close();
  TrainedOn run{{8, 1, 8, false, {{{0, 255}, {0, 255}, {0, 255}}}}, Direction::kAtoB};
  EXPECT_NEAR(compare({.a = path("a"), .b = path("data.csv"), .run = run}).fid.value(), 19.0 / 3,
              1e-12);
  run.direction.reset();
  EXPECT_THAT(error_of(ErrorKind::kInvalidSpec,
                       [&] { compare({.a = path("a"), .b = path("data.csv"), .run = run}); }),
              HasSubstr("do not say which domain"));
  EXPECT_THAT(error_of(ErrorKind::kInvalidSpec, [&] { compare("a", "data.csv"); }),
              HasSubstr("a CSV file needs --weights"));
}

}  // namespace
}  // namespace scgan
