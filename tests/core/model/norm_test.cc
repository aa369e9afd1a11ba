#include "core/model/norm.h"

#include <ATen/ops/batch_norm.h>
#include <ATen/ops/instance_norm.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include "tests/core/model/tensor_difference.h"

namespace scgan {
namespace {

// Channels: less than half a slice, half, one, and one and a part.
constexpr int64_t kChannelCounts[] = {5, 16, 32, 40};
constexpr double kSlopes[] = {kIdentitySlope, kReluSlope, kLeakyReluSlope};

at::Tensor images(int64_t channels) {
  return at::randn({3, channels, 9, 10}, at::kDouble).mul_(3).add_(7).requires_grad_(true);
}

at::Tensor copy(const at::Tensor& x) { return x.detach().clone().requires_grad_(true); }

// Sends another gradient into each value.
void differentiate(const at::Tensor& y) { (y * y.detach().cos()).sum().backward(); }

TEST(NormTest, InstanceNormEqualsLibTorchs) {
  for (const int64_t channels : kChannelCounts) {
    for (const double slope : kSlopes) {
      SCOPED_TRACE(testing::Message() << channels << " channels, slope " << slope);
      const at::Tensor x = images(channels);
      const at::Tensor same = copy(x);
      const at::Tensor y = instance_norm(x, slope);
      const at::Tensor expected =
          at::leaky_relu(at::instance_norm(same, {}, {}, {}, {}, true, 0, 1e-5, false), slope);
      differentiate(y);
      differentiate(expected);
      EXPECT_LT(difference(y, expected), 1e-14);
      EXPECT_LT(difference(x.grad(), same.grad()), 1e-13);
    }
  }
}

TEST(NormTest, InstanceNormOfFloatsAndBfloat16IsAsExactAsTheirTypes) {
  const at::Tensor x = images(32).detach();
  const at::Tensor exact = instance_norm(x, kReluSlope);
  EXPECT_LT(difference(instance_norm(x.to(at::kFloat), kReluSlope), exact), 2e-6);
  const at::Tensor rounded = x.to(at::kBFloat16);
  const at::Tensor of_rounded = instance_norm(rounded, kReluSlope);
  EXPECT_EQ(of_rounded.scalar_type(), at::kBFloat16);
  EXPECT_LT(difference(of_rounded, instance_norm(rounded.to(at::kDouble), kReluSlope)), 1.0 / 256);
}

// A mean far from zero, where the variance is a small difference of large numbers for some
// formulas.
TEST(NormTest, InstanceNormIsExactForImagesWithLittleContrast) {
  const at::Tensor x = at::randn({2, 16, 32, 32}, at::kDouble).mul_(0.1).add_(1000);
  const at::Tensor floats = x.to(at::kFloat);
  EXPECT_LT(difference(instance_norm(floats, kIdentitySlope),
                       instance_norm(floats.to(at::kDouble), kIdentitySlope)),
            1e-3);
}

TEST(NormTest, ValuesThatAreTooLargeBecomeNan) {
  const at::Tensor x = images(16).detach().to(at::kFloat).mul_(1e30);
  EXPECT_TRUE(instance_norm(x, kReluSlope).isnan().all().item<bool>());
}

TEST(NormTest, AnImageIsNormalisedByItself) {
  const at::Tensor x = images(16).detach().to(at::kFloat);
  const at::Tensor all = instance_norm(x, kReluSlope);
  EXPECT_TRUE(at::equal(all[1], instance_norm(x.narrow(0, 1, 1), kReluSlope)[0]));
}

TEST(NormTest, BatchNormEqualsLibTorchs) {
  for (const int64_t channels : kChannelCounts) {
    for (const double slope : kSlopes) {
      SCOPED_TRACE(testing::Message() << channels << " channels, slope " << slope);
      BatchNorm ours(channels, slope);
      torch::nn::BatchNorm2d theirs(channels);
      ours->to(at::kDouble);
      theirs->to(at::kDouble);
      {
        const at::NoGradGuard no_grad;
        ours->weight.copy_(theirs->weight.normal_());
        ours->bias.copy_(theirs->bias.normal_());
      }
      const at::Tensor x = images(channels);
      const at::Tensor same = copy(x);
      const at::Tensor y = ours->forward(x);
      const at::Tensor expected = at::leaky_relu(theirs->forward(same), slope);
      differentiate(y);
      differentiate(expected);
      EXPECT_LT(difference(y, expected), 1e-14);
      EXPECT_LT(difference(x.grad(), same.grad()), 1e-13);
      EXPECT_LT(difference(ours->weight.grad(), theirs->weight.grad()), 1e-13);
      EXPECT_LT(difference(ours->bias.grad(), theirs->bias.grad()), 1e-13);
      EXPECT_LT(difference(ours->running_mean, theirs->running_mean), 1e-14);
      EXPECT_LT(difference(ours->running_var, theirs->running_var), 1e-14);
      EXPECT_EQ(ours->num_batches_tracked.item<int64_t>(), 1);

      ours->eval();
      theirs->eval();
      EXPECT_LT(difference(ours->forward(same), at::leaky_relu(theirs->forward(same), slope)),
                1e-14);
    }
  }
}

}  // namespace
}  // namespace scgan
