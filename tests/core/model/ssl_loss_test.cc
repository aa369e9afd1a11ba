#include "core/model/ssl_loss.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/mse_loss.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/base/error.h"

namespace scgan {
namespace {

// Two images of one channel and 2 x 2 pixels; differences 1, 1, 1, 1 and 3, 0, 0, 4.
Reconstruction make_reconstruction(at::ScalarType type = at::kDouble) {
  const at::Tensor image = at::tensor({2.0, 3.0, 4.0, 5.0, 3.0, 1.0, 2.0, 4.0}, type);
  const at::Tensor target = at::tensor({1.0, 2.0, 3.0, 4.0, 0.0, 1.0, 2.0, 0.0}, type);
  return {"big", image.view({2, 1, 2, 2}), target.view({2, 1, 2, 2})};
}

double loss_of(SslDistance distance, BatchReduction reduction, size_t decoders = 1) {
  LossSpec spec;
  spec.ssl_distance = distance;
  spec.ssl_reduction = reduction;
  return SslLoss(spec)(std::vector<Reconstruction>(decoders, make_reconstruction())).item<double>();
}

TEST(SslLossTest, MeanSquaresOfEveryImageAreAveragedOrSummed) {
  EXPECT_DOUBLE_EQ(loss_of(SslDistance::kMse, BatchReduction::kMean), (1 + 6.25) / 2);
  EXPECT_DOUBLE_EQ(loss_of(SslDistance::kMse, BatchReduction::kSum), 1 + 6.25);
}

TEST(SslLossTest, MeanAbsoluteDifferencesOfEveryImageAreAveragedOrSummed) {
  EXPECT_DOUBLE_EQ(loss_of(SslDistance::kL1, BatchReduction::kMean), (1 + 1.75) / 2);
  EXPECT_DOUBLE_EQ(loss_of(SslDistance::kL1, BatchReduction::kSum), 1 + 1.75);
}

TEST(SslLossTest, LengthsOfEveryImagesDifferenceAreAveragedOrSummed) {
  EXPECT_DOUBLE_EQ(loss_of(SslDistance::kL2Norm, BatchReduction::kMean), (2 + 5) / 2.0);
  EXPECT_DOUBLE_EQ(loss_of(SslDistance::kL2Norm, BatchReduction::kSum), 2 + 5);
}

TEST(SslLossTest, DecodersAreSummed) {
  for (const SslDistance distance : {SslDistance::kMse, SslDistance::kL1, SslDistance::kL2Norm}) {
    for (const BatchReduction reduction : {BatchReduction::kMean, BatchReduction::kSum}) {
      EXPECT_DOUBLE_EQ(loss_of(distance, reduction, 3), 3 * loss_of(distance, reduction));
    }
  }
}

TEST(SslLossTest, TheDefaultIsTheMeanSquareOfAllElementsBitForBit) {
  const Reconstruction one = make_reconstruction(at::kFloat);
  const Reconstruction other{"part", one.image * 0.3, one.target / 7};
  const at::Tensor loss = SslLoss(LossSpec{})({one, other, one});
  EXPECT_EQ(loss.scalar_type(), at::kFloat);
  EXPECT_EQ(loss.item<float>(),
            (at::mse_loss(one.image, one.target) + at::mse_loss(other.image, other.target) +
             at::mse_loss(one.image, one.target))
                .item<float>());
}

// d/dx: mse 2 d / (8 elements), l1 sign / 8, l2norm d / length / 2 images.
TEST(SslLossTest, GradientsAreThoseOfTheDistance) {
  const auto gradient = [](SslDistance distance) {
    LossSpec spec;
    spec.ssl_distance = distance;
    Reconstruction reconstruction = make_reconstruction();
    reconstruction.image.requires_grad_(true);
    const SslLoss loss(spec);
    loss({reconstruction}).backward();
    return reconstruction.image.grad().flatten();
  };
  const auto close = [](const at::Tensor& a, std::initializer_list<double> b) {
    return at::allclose(a, at::tensor(at::ArrayRef<double>(b), at::kDouble), 1e-12, 1e-15);
  };
  EXPECT_TRUE(close(gradient(SslDistance::kMse), {.25, .25, .25, .25, .75, 0, 0, 1}));
  EXPECT_TRUE(close(gradient(SslDistance::kL1), {.125, .125, .125, .125, .125, 0, 0, .125}));
  EXPECT_TRUE(close(gradient(SslDistance::kL2Norm), {.25, .25, .25, .25, .3, 0, 0, .4}));
}

TEST(SslLossTest, APerfectReconstructionHasNoLossAndAFiniteGradient) {
  LossSpec spec;
  spec.ssl_distance = SslDistance::kL2Norm;
  const at::Tensor image = at::ones({1, 3, 16, 16}).requires_grad_(true);
  const at::Tensor loss = SslLoss(spec)({{"big", image, at::ones({1, 3, 16, 16})}});
  loss.backward();
  EXPECT_EQ(loss.item<double>(), 0);
  EXPECT_EQ(image.grad().abs().max().item<double>(), 0);
}

TEST(SslLossTest, PerceptualDistancesNeedTheirWeights) {
  LossSpec spec;
  spec.lpips_weights = "no-such-folder/lpips.safetensors";
  EXPECT_EQ(SslLoss(spec).lpips_digest(), "");  // mse reads nothing
  for (const SslDistance distance : {SslDistance::kLpips, SslDistance::kMseLpips}) {
    spec.ssl_distance = distance;
    EXPECT_THROW(SslLoss{spec}, Error);
  }
}

}  // namespace
}  // namespace scgan
