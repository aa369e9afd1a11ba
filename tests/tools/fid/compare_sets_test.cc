#include "tools/fid/compare_sets.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/data/dataset_source.h"
#include "core/data/image_folder.h"
#include "core/image/image_file.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_images.h"
#include "tools/fid/fid_statistics.h"
#include "tools/fid/fid_text.h"

namespace scgan {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// The mean of each channel: three features, so that the features of a constant image are its
// colour. Records the shape of each call.
class ChannelMeans final : public FeatureExtractor {
 public:
  explicit ChannelMeans(std::vector<std::vector<int64_t>>* calls = nullptr) : calls_(calls) {}
  at::Tensor features(const at::Tensor& images) const override {
    EXPECT_EQ(images.scalar_type(), at::kByte);
    if (calls_ != nullptr) calls_->push_back(images.sizes().vec());
    return images.to(at::kFloat).mean(at::IntArrayRef{2, 3});
  }
  std::string name() const override { return "channel_means"; }
  std::string digest() const override { return std::string(64, 'a'); }
  std::string preprocessing() const override { return "uint8 RGB"; }

 private:
  std::vector<std::vector<int64_t>>* calls_;
};

// As many features as pixels.
class Pixels final : public FeatureExtractor {
 public:
  at::Tensor features(const at::Tensor& images) const override {
    return images.to(at::kFloat).flatten(1);
  }
  std::string name() const override { return "pixels"; }
  std::string digest() const override { return std::string(64, 'b'); }
  std::string preprocessing() const override { return "uint8 RGB"; }
};

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

class CompareSetsTest : public testing::Test {
 protected:
  fs::path path(const std::string& name) const { return folder_.path() / name; }

  // An RGB image of one colour.
  void add(const std::string& name, int red, int green, int blue, int height = 8,
           int width = 8) const {
    fs::create_directories(path(name).parent_path());
    at::Tensor image = at::empty({3, height, width}, at::kByte);
    image[0].fill_(red);
    image[1].fill_(green);
    image[2].fill_(blue);
    write_png(path(name), image);
  }

  std::vector<ImageFiles> files_of(const std::string& folder) const {
    std::vector<ImageFiles> files;
    for (const fs::path& file : list_images(path(folder)).files) files.push_back({file});
    return files;
  }

  FidReport compare(FidRequest request) const {
    return compare_sets(request, [](int64_t) { return std::make_unique<ChannelMeans>(); });
  }
  FidReport compare(const std::string& a, const std::string& b) const {
    return compare({.a = path(a), .b = path(b)});
  }

  // The two sets of four points with FID 19/3, in red and green; see fid_test.cc.
  void add_four_point_sets() const {
    add("a/0.png", 0, 0, 0);
    add("a/1.png", 2, 0, 0);
    add("a/2.png", 0, 2, 0);
    add("a/3.png", 2, 2, 0);
    add("b/0.png", 1, 1, 0);
    add("b/1.png", 3, 1, 0);
    add("b/2.png", 1, 5, 0);
    add("b/3.png", 3, 5, 0);
  }

  TempDir folder_;
};

TEST_F(CompareSetsTest, ConstantImagesHaveTheDistanceOfTheirColours) {
  add_four_point_sets();
  const FidReport report = compare("a", "b");
  EXPECT_NEAR(report.fid.value(), 19.0 / 3, 1e-12);
  EXPECT_EQ(report.a.images, 4);
  EXPECT_EQ(report.b->images, 4);
  EXPECT_EQ(report.feature_count, 3);
  EXPECT_EQ(report.extractor, "channel_means");
}

TEST_F(CompareSetsTest, KidOfFourPointsIsTheHandComputedOne) {
  add_four_point_sets();
  // k(x, y) = (x.y / 3 + 1)^3, since the third feature exists and is always 0.
  const auto k = [](double product) { return std::pow(product / 3 + 1, 3); };
  // Products of pairs within A = (0,0) (2,0) (0,2) (2,2): 0 0 0 0 4 4; each pair counts twice.
  const double aa = 2 * (4 * k(0) + 2 * k(4));
  // Within B = (1,1) (3,1) (1,5) (3,5).
  const double bb = 2 * (k(4) + k(6) + 2 * k(8) + k(14) + k(28));
  // Between them, a line for each of A's points.
  const double ab = 4 * k(0) +              //
                    2 * k(2) + 2 * k(6) +   //
                    2 * k(2) + 2 * k(10) +  //
                    k(4) + k(8) + k(12) + k(16);
  EXPECT_NEAR(compare("a", "b").kid->full, aa / 12 + bb / 12 - 2 * ab / 16, 1e-9);
}

TEST_F(CompareSetsTest, HalvesAreTheFirstAndLastImagesByName) {
  add_four_point_sets();
  const FidReport report = compare("a", "b");
  EXPECT_EQ(report.a.half_size, 2);
  // (0,0) (2,0) against (0,2) (2,2): the means are 2 apart, the covariances equal.
  EXPECT_NEAR(report.a.fid_halves, 4, 1e-12);
  EXPECT_NEAR(report.b->fid_halves, 16, 1e-12);
}

TEST_F(CompareSetsTest, StatisticsHoldTheNumberOfImages) {
  add_four_point_sets();
  EXPECT_FALSE(compare({.a = path("b"), .save = path("b.npz")}).fid.has_value());
  const FidReport report = compare("a", "b.npz");
  EXPECT_NEAR(report.fid.value(), 19.0 / 3, 1e-7);  // by eigenvalues of a singular matrix
  EXPECT_FALSE(report.kid.has_value());
  EXPECT_EQ(report.b->images, 0);
  const FeatureMoments moments = read_fid_statistics(path("b.npz"));
  EXPECT_TRUE(at::allclose(moments.mean, at::tensor({2.0, 3.0, 0.0}, at::kDouble)));
  EXPECT_TRUE(
      at::allclose(moments.sigma.diagonal(), at::tensor({4.0 / 3, 16.0 / 3, 0.0}, at::kDouble)));
}

TEST_F(CompareSetsTest, StatisticsAloneNeedNoExtractor) {
  write_fid_statistics(path("a.npz"), {at::zeros({2}, at::kDouble), at::eye(2, at::kDouble)});
  write_fid_statistics(path("b.npz"), {at::ones({2}, at::kDouble), at::eye(2, at::kDouble)});
  const FidReport report = compare_sets({.a = path("a.npz"), .b = path("b.npz")},
                                        [](int64_t) -> std::unique_ptr<FeatureExtractor> {
                                          ADD_FAILURE() << "an extractor was opened";
                                          return nullptr;
                                        });
  EXPECT_NEAR(report.fid.value(), 2, 1e-12);
  EXPECT_EQ(report.extractor, "");
}

TEST_F(CompareSetsTest, ImagesOfMixedSizesKeepTheirRows) {
  add("a/0.png", 1, 0, 0, 8, 8);
  add("a/1.png", 2, 0, 0, 4, 6);
  add("a/2.png", 3, 0, 0, 8, 8);
  add("a/3.png", 4, 0, 0, 6, 4);
  add("a/4.png", 5, 0, 0, 8, 8);
  std::vector<std::vector<int64_t>> calls;
  const ChannelMeans extractor(&calls);
  const auto result = image_features(files_of("a"), extractor, {.batch_size = 2, .threads = 2});
  EXPECT_TRUE(at::equal(result.features.select(1, 0), at::tensor({1.f, 2.f, 3.f, 4.f, 5.f})));
  // By size in the order of their first files, at most 2 each.
  EXPECT_THAT(calls, ElementsAre(ElementsAre(2, 3, 8, 8), ElementsAre(1, 3, 8, 8),
                                 ElementsAre(1, 3, 4, 6), ElementsAre(1, 3, 6, 4)));
}

TEST_F(CompareSetsTest, ImagesOfSizesThatTheExtractorCannotMixAreNamed) {
  fs::create_directories(path("a"));
  write_png(path("a/0.png"), test_image(4, 5));
  write_png(path("a/1.png"), test_image(6, 7));
  EXPECT_THAT(data_error_of([&] { image_features(files_of("a"), Pixels(), {}); }),
              AllOf(HasSubstr("60 features for " + path("a/0.png").string() + " (5 x 4 pixels)"),
                    HasSubstr("126 for " + path("a/1.png").string() + " (7 x 6 pixels)")));
}

TEST_F(CompareSetsTest, SixteenBitsAreScaledToEightByTheFullRange) {
  fs::create_directories(path("a"));
  write_png16(path("a/0.png"), 1, 2, 1, {0, 257 * 100});
  write_png16(path("a/1.png"), 1, 2, 1, {65535, 65535});
  const ChannelMeans extractor;
  const auto result = image_features(files_of("a"), extractor, {});
  EXPECT_EQ(result.features[0][1].item<float>(), 50);
  EXPECT_EQ(result.features[1][2].item<float>(), 255);
  EXPECT_EQ(result.images_16bit, 2);
}

// The evaluator truncates too (EvaluatorTest), so a folder has the same score in both.
TEST_F(CompareSetsTest, SixteenBitsHoldEightWithoutLossAndAreTruncated) {
  fs::create_directories(path("a"));
  std::vector<uint16_t> levels(256);
  for (size_t k = 0; k < levels.size(); ++k) levels[k] = static_cast<uint16_t>(257 * k);
  write_png16(path("a/0.png"), 1, 256, 1, levels);
  write_png16(path("a/1.png"), 1, 256, 1, std::vector<uint16_t>(256, 257 * 7 - 1));
  const auto result = image_features(files_of("a"), ChannelMeans(), {});
  EXPECT_EQ(result.features[0][0].item<float>(), 127.5F);  // the mean of 0 ... 255
  EXPECT_EQ(result.features[1][0].item<float>(), 6);
}

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

TEST_F(CompareSetsTest, NamesEveryFileThatCannotBeRead) {
  add_four_point_sets();
  for (int i = 0; i < 25; ++i) {
    std::ofstream(path("a/bad" + std::to_string(100 + i) + ".png")) << "no image";
  }
  add("a/cut.png", 1, 2, 3);
  truncate_file(path("a/cut.png"), 0.7);
  const std::string text = data_error_of([&] { compare("a", "b"); });
  EXPECT_THAT(text, AllOf(HasSubstr("bad100.png"), HasSubstr("bad119.png"),
                          Not(HasSubstr("bad120.png")), HasSubstr("... and 6 more")));
}

TEST_F(CompareSetsTest, OtherFilesAreSkippedAndCounted) {
  add_four_point_sets();
  std::ofstream(path("a/notes.txt")) << "text";
  std::ofstream(path("a/.hidden.png")) << "text";
  std::ofstream(path("a/cell.bmp")) << "BM";
  const FidReport report = compare("a", "b");
  EXPECT_EQ(report.a.skipped.count(), 1);
  EXPECT_THAT(report.warnings, testing::Contains(HasSubstr("skipped 1 .bmp (cell.bmp)")));
}

TEST_F(CompareSetsTest, WarnsOfFewAndUnequalNumbers) {
  add("a/0.png", 1, 2, 3);
  add("a/1.png", 4, 2, 3);
  add_four_point_sets();
  for (const char* name : {"c/0.png", "c/1.png"}) add(name, 9, 9, 9);
  const FidReport report = compare("a", "c");
  EXPECT_THAT(report.warnings, testing::Contains(HasSubstr("2 images are fewer than the 3")));
  EXPECT_THAT(report.warnings,
              testing::Contains(HasSubstr("different numbers of images, 4 and 2")));
  EXPECT_EQ(report.b->half_size, 0);
}

TEST_F(CompareSetsTest, SelfCheckReportsBothForms) {
  add_four_point_sets();
  const FidReport report = compare({.a = path("a"), .b = path("b"), .self_check = true});
  EXPECT_NEAR(report.self_check->by_singular_values, 19.0 / 3, 1e-9);
  EXPECT_NEAR(report.self_check->by_eigenvalues, 19.0 / 3, 1e-6);
  EXPECT_LT(report.self_check->relative_difference, 1e-6);
}

TEST_F(CompareSetsTest, SaysWhichRequestsAreInvalid) {
  add_four_point_sets();
  write_fid_statistics(path("s.npz"), {at::zeros({2}, at::kDouble), at::eye(2, at::kDouble)});
  const auto refusal = [&](const FidRequest& request) {
    return error_of(ErrorKind::kInvalidSpec, [&] { compare(request); });
  };
  EXPECT_THAT(refusal({.a = path("absent"), .b = path("b")}),
              AllOf(HasSubstr("absent"), HasSubstr("no such folder")));
  EXPECT_THAT(refusal({.a = path("a/0.png"), .b = path("b")}), HasSubstr("neither a folder"));
  EXPECT_THAT(refusal({.a = path("a")}), HasSubstr("second set"));
  EXPECT_THAT(refusal({.a = path("a"), .b = path("s.npz"), .self_check = true}),
              HasSubstr("--self-check"));
  EXPECT_THAT(refusal({.a = path("a"), .save = path("nowhere/s.npz")}),
              AllOf(HasSubstr("--save"), HasSubstr("nowhere")));
  EXPECT_THAT(refusal({.a = path("a"), .b = path("s.npz"), .save = path("s.npz")}),
              HasSubstr("replace an input"));
}

TEST_F(CompareSetsTest, SaysWhichSetsCannotBeCompared) {
  add_four_point_sets();
  write_fid_statistics(path("s.npz"), {at::zeros({2}, at::kDouble), at::eye(2, at::kDouble)});
  fs::create_directories(path("empty"));
  add("one/0.png", 1, 2, 3);
  const auto refusal = [&](const std::string& a, const std::string& b) {
    return data_error_of([&] { compare(a, b); });
  };
  EXPECT_THAT(refusal("a", "s.npz"), AllOf(HasSubstr("3 features"), HasSubstr("has 2")));
  EXPECT_THAT(refusal("empty", "a"), AllOf(HasSubstr("empty"), HasSubstr("no PNG")));
  EXPECT_THAT(refusal("a", "one"), AllOf(HasSubstr("one"), HasSubstr("2 or more")));
}

TEST_F(CompareSetsTest, StatisticsWithAnInvalidCovarianceAreRefused) {
  const auto refusal = [&](const at::Tensor& mean, const at::Tensor& sigma) {
    write_fid_statistics(path("s.npz"), {mean, sigma});
    return data_error_of([&] { read_fid_statistics(path("s.npz")); });
  };
  const at::Tensor mean = at::zeros({2}, at::kDouble);
  EXPECT_THAT(refusal(mean, at::eye(3, at::kDouble)), HasSubstr("mu [2] and sigma [3, 3]"));
  EXPECT_THAT(refusal(mean, -at::eye(2, at::kDouble)), HasSubstr("variance below 0"));
  EXPECT_THAT(refusal(mean, at::tensor({1.0, 0.5, 0.0, 1.0}, at::kDouble).view({2, 2})),
              HasSubstr("not symmetric"));
  EXPECT_THAT(refusal(mean * NAN, at::eye(2, at::kDouble)), HasSubstr("not finite"));
  EXPECT_THAT(data_error_of([&] { read_fid_statistics(path("absent.npz")); }),
              HasSubstr("absent.npz"));
}

TEST_F(CompareSetsTest, JsonHasEveryDigitAndTextIsRounded) {
  add_four_point_sets();
  const FidReport report = compare("a", "b");
  const auto json = nlohmann::json::parse(to_json(report));
  EXPECT_EQ(json.at("fid").get<double>(), *report.fid);
  EXPECT_EQ(json.at("kid").at("full").get<double>(), report.kid->full);
  EXPECT_EQ(json.at("a").at("n"), 4);
  EXPECT_EQ(json.at("a").at("halves").at("n"), 2);
  EXPECT_EQ(json.at("ddof"), 1);
  EXPECT_EQ(json.at("extractor").at("name"), "channel_means");
  const std::string text = to_text(report);
  EXPECT_THAT(text, AllOf(HasSubstr("6.33333"), HasSubstr("channel_means"), HasSubstr("4 images"),
                          HasSubstr("ddof")));
}

// 4 images are fewer than a subset of 1000, so all subsets are the set.
TEST_F(CompareSetsTest, StandardDeviationOfEqualSubsetsIsNotANumber) {
  add_four_point_sets();
  const FidReport report = compare("a", "b");
  EXPECT_THAT(to_text(report), AllOf(HasSubstr("because a subset of 4 holds all images"),
                                     Not(HasSubstr("standard deviation 0"))));
  EXPECT_TRUE(nlohmann::json::parse(to_json(report)).at("kid").at("subset_std").is_null());
}

}  // namespace
}  // namespace scgan
