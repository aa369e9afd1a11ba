#include "tools/fid/compare_sets.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/image/image_file.h"
#include "tests/support/error_of.h"
#include "tests/support/test_images.h"
#include "tests/tools/fid/compare_sets_fixture.h"
#include "tools/fid/fid_statistics.h"
#include "tools/fid/fid_text.h"

namespace scgan {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

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
