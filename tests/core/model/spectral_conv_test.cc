#include "core/model/spectral_conv.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/linalg_svdvals.h>
#include <ATen/ops/mv.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

namespace scgan {
namespace {

SpectralConv2d make_conv() {
  at::manual_seed(1);
  SpectralConv2d conv(3, 5, ConvShape{.kernel = 3, .stride = 1, .padding = 1});
  conv->to(at::kDouble);
  const at::NoGradGuard no_grad;
  for (auto& tensor : conv->parameters()) tensor.normal_();
  for (auto& tensor : conv->buffers()) tensor.normal_().div_(tensor.norm());
  return conv;
}

at::Tensor u_of(const SpectralConv2d& conv) { return conv->named_buffers()["weight_u"].clone(); }
at::Tensor v_of(const SpectralConv2d& conv) { return conv->named_buffers()["weight_v"].clone(); }

TEST(SpectralConvTest, LargestSingularValueOfTheKernelBecomesOne) {
  auto conv = make_conv();
  const at::NoGradGuard no_grad;
  for (int i = 0; i < 200; ++i) {
    conv->normalized_weight();
  }
  const auto values = at::linalg_svdvals(conv->normalized_weight().flatten(1));
  EXPECT_NEAR(values.max().item<double>(), 1, 1e-3);
}

TEST(SpectralConvTest, OneForwardIsOnePowerIteration) {
  auto conv = make_conv();
  const auto matrix = conv->parameters()[0].detach().flatten(1);
  auto v = at::mv(matrix.t(), u_of(conv));
  v = v / v.norm();
  auto u = at::mv(matrix, v);
  u = u / u.norm();
  conv->forward(at::ones({2, 3, 6, 6}, at::kDouble));
  EXPECT_TRUE(at::allclose(u_of(conv), u, 1e-12, 1e-14));
  EXPECT_TRUE(at::allclose(v_of(conv), v, 1e-12, 1e-14));
}

TEST(SpectralConvTest, EvalModeDoesNotChangeTheVectors) {
  auto conv = make_conv();
  conv->eval();
  const auto u = u_of(conv);
  const auto v = v_of(conv);
  conv->forward(at::ones({2, 3, 6, 6}, at::kDouble));
  EXPECT_TRUE(at::equal(u_of(conv), u));
  EXPECT_TRUE(at::equal(v_of(conv), v));
}

// u and v are constants of the derivative, so finite differences are taken in eval mode.
TEST(SpectralConvTest, GradientMatchesFiniteDifferences) {
  auto conv = make_conv();
  conv->eval();
  const auto x = at::randn({2, 3, 5, 5}, at::kDouble).requires_grad_();
  const auto target = at::randn({2, 5, 5, 5}, at::kDouble);
  const auto loss = [&] { return (conv->forward(x) * target).sum(); };
  loss().backward();
  constexpr double kStep = 1e-6;
  for (auto tensor : {conv->parameters()[0], x}) {
    auto values = tensor.data().view(-1);
    const auto gradient = tensor.grad().view(-1);
    for (int64_t i = 0; i < values.numel(); i += 7) {
      const double value = values[i].item<double>();
      values[i] = value + kStep;
      const double above = loss().item<double>();
      values[i] = value - kStep;
      const double below = loss().item<double>();
      values[i] = value;
      EXPECT_NEAR(gradient[i].item<double>(), (above - below) / (2 * kStep), 1e-7);
    }
  }
}

TEST(SpectralConvTest, ForwardsBeforeABackwardDoNotChangeItsGradient) {
  auto conv = make_conv();
  auto other = make_conv();
  const auto x = at::ones({1, 3, 6, 6}, at::kDouble);
  const auto loss = conv->forward(x).square().sum();
  conv->forward(x);
  conv->eval();
  const auto eval_loss = conv->forward(x).square().sum();
  conv->train();
  conv->forward(x);
  eval_loss.backward();  // must not complain about a buffer changed in place
  conv->zero_grad();
  loss.backward();
  other->forward(x).square().sum().backward();
  EXPECT_TRUE(at::equal(conv->parameters()[0].grad(), other->parameters()[0].grad()));
}

}  // namespace
}  // namespace scgan
