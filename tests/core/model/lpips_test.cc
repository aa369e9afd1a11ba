// Compares distances in float64 with the output of lpips_oracle.py in this folder, with
// torch 2.11.0 and weights by formula.
#include "core/model/lpips.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/sha256.h"
#include "core/model/safetensors.h"
#include "core/model/ssl_loss.h"
#include "tests/support/temp_dir.h"

namespace scgan {
namespace {

// Values in [-0.5, 0.5) of the tensor at this index, as in the oracle.
at::Tensor formula(size_t index, at::IntArrayRef shape) {
  at::Tensor tensor = at::empty(shape, at::kDouble);
  auto* values = tensor.data_ptr<double>();
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    auto x = static_cast<uint32_t>(static_cast<uint64_t>(i) * 2654435761U + (index + 1) * 40503U);
    x = (x ^ (x >> 16)) * 2246822519U;
    values[i] = (x ^ (x >> 13)) / 4294967296.0 - 0.5;
  }
  return tensor;
}

// The names and shapes, written out from torchvision's VGG16 and LPIPS 0.1.
NamedTensors all_weights() {
  struct Conv {
    int64_t number, in, out;
  };
  NamedTensors all;
  for (const Conv& conv : {Conv{0, 3, 64},
                           {2, 64, 64},
                           {5, 64, 128},
                           {7, 128, 128},
                           {10, 128, 256},
                           {12, 256, 256},
                           {14, 256, 256},
                           {17, 256, 512},
                           {19, 512, 512},
                           {21, 512, 512},
                           {24, 512, 512},
                           {26, 512, 512},
                           {28, 512, 512}}) {
    const std::string name = "features." + std::to_string(conv.number);
    const double scale = std::sqrt(24.0 / static_cast<double>(9 * conv.in));
    const at::Tensor weight = formula(all.size(), {conv.out, conv.in, 3, 3}) * scale;
    all.emplace_back(name + ".weight", weight.to(at::kFloat));
    all.emplace_back(name + ".bias", (formula(all.size(), {conv.out}) * 0.1).to(at::kFloat));
  }
  int64_t number = 0;
  for (const int64_t width : {64, 128, 256, 512, 512}) {
    const at::Tensor weight = formula(all.size(), {1, width, 1, 1}) + 0.5;
    all.emplace_back("lin" + std::to_string(number++) + ".model.1.weight", weight.to(at::kFloat));
  }
  return all;
}

class LpipsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TempDir;
    write_safetensors(file(), all_weights(), {});
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }
  static std::filesystem::path file() { return folder_->path() / "lpips.safetensors"; }

  static at::Tensor wave(double frequency, double phase) {
    return at::sin(frequency * at::arange(2 * 3 * 32 * 32, at::kDouble) + phase)
        .view({2, 3, 32, 32});
  }

  const at::Tensor images_ = wave(0.013, 0);
  const at::Tensor targets_ = wave(0.029, 1);

 private:
  inline static TempDir* folder_ = nullptr;
};

void expect_refused(const NamedTensors& tensors, const std::string& why) {
  const TempDir folder;
  const auto file = folder.path() / "weights.safetensors";
  write_safetensors(file, tensors, {});
  try {
    const Lpips lpips(file);
    FAIL() << "not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kData);
    EXPECT_THAT(error.what(), ::testing::HasSubstr(file.string()));
    EXPECT_THAT(error.what(), ::testing::HasSubstr(why));
  }
}

constexpr double kFirst = 0.898954874188;
constexpr double kSecond = 0.900883719198;

TEST_F(LpipsTest, DistancesAndGradientMatchPytorch) {
  Lpips lpips(file());
  const at::Tensor images = images_.clone().requires_grad_(true);
  const at::Tensor distances = lpips(images, targets_);
  EXPECT_EQ(distances.scalar_type(), at::kDouble);
  ASSERT_EQ(distances.sizes(), (std::vector<int64_t>{2}));
  EXPECT_NEAR(distances[0].item<double>(), kFirst, 1e-9);
  EXPECT_NEAR(distances[1].item<double>(), kSecond, 1e-9);
  distances.sum().backward();
  const at::Tensor gradient = images.grad();
  EXPECT_NEAR(gradient[1][2][17][5].item<double>(), 0.000512199506049, 1e-13);
  EXPECT_NEAR(gradient.sum().item<double>(), -0.268876232736, 1e-10);
  EXPECT_NEAR(gradient.square().sum().item<double>(), 0.00168501321622, 1e-12);
}

TEST_F(LpipsTest, TypeFollowsTheImages) {
  Lpips lpips(file());
  const at::Tensor single = lpips(images_.to(at::kFloat), targets_.to(at::kFloat));
  EXPECT_EQ(single.scalar_type(), at::kFloat);
  EXPECT_NEAR(single[0].item<double>(), kFirst, 1e-5);
  EXPECT_NEAR(lpips(images_, targets_)[0].item<double>(), kFirst, 1e-9);
}

TEST_F(LpipsTest, EqualAndConstantImagesHaveFiniteGradients) {
  Lpips lpips(file());
  for (const double grey : {-1.0, 0.0, 1.0}) {
    const at::Tensor images = at::full({1, 3, 16, 16}, grey).requires_grad_(true);
    const at::Tensor distance = lpips(images, at::full({1, 3, 16, 16}, grey));
    distance.sum().backward();
    EXPECT_EQ(distance.item<double>(), 0);
    EXPECT_TRUE(images.grad().isfinite().all().item<bool>());
  }
}

TEST_F(LpipsTest, SelfSupervisedLossesUseIt) {
  LossSpec spec;
  spec.lpips_weights = file().string();
  const std::vector<Reconstruction> two = {{"big", images_, targets_}, {"part", images_, targets_}};
  const auto loss = [&](SslDistance distance, BatchReduction reduction) {
    spec.ssl_distance = distance;
    spec.ssl_reduction = reduction;
    return SslLoss(spec)(two).item<double>();
  };
  const double mse = loss(SslDistance::kMse, BatchReduction::kMean);
  EXPECT_NEAR(loss(SslDistance::kLpips, BatchReduction::kMean), kFirst + kSecond, 1e-8);
  EXPECT_NEAR(loss(SslDistance::kLpips, BatchReduction::kSum), 2 * (kFirst + kSecond), 1e-8);
  EXPECT_NEAR(loss(SslDistance::kMseLpips, BatchReduction::kMean), mse + kFirst + kSecond, 1e-8);
  EXPECT_NEAR(loss(SslDistance::kMseLpips, BatchReduction::kSum), 2 * (mse + kFirst + kSecond),
              1e-8);
  EXPECT_EQ(SslLoss(spec).lpips_digest(), sha256_of_file(file()));
}

TEST(LpipsFileTest, OtherTensorsThanTheWeightsAreRejected) {
  const at::Tensor first = at::zeros({64, 3, 3, 3});
  expect_refused({{"features.0.weight", first}}, "features.0.bias is missing");
  expect_refused({{"features.0.weight", at::zeros({64, 3, 5, 5})}},
                 "features.0.weight has the shape [64, 3, 5, 5], not [64, 3, 3, 3]");
  expect_refused({{"features.0.weight", first.to(at::kDouble)}}, "not float32");
  expect_refused({{"features.0.weight", first / 0}}, "not finite");
  auto weights = all_weights();
  weights.emplace_back("classifier.0.weight", at::zeros({1}));
  expect_refused(weights, "classifier.0.weight is unknown");
  EXPECT_THROW(Lpips("no-such-folder/lpips.safetensors"), Error);
}

}  // namespace
}  // namespace scgan
