#include "core/model/winograd_conv.h"

#include <ATen/Parallel.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/reflection_pad2d.h>
#include <ATen/ops/upsample_nearest2d.h>
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "core/model/convolve.h"
#include "tests/core/model/tensor_difference.h"

namespace scgan {
namespace {

using Convolution =
    std::function<at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&)>;

struct Case {
  int64_t images, in, out, height, width;
};

// Even and odd sizes, one tile, few and many channels, more tiles than a block has.
const std::vector<Case> kCases = {
    {1, 8, 8, 2, 2}, {2, 16, 24, 8, 8}, {3, 9, 11, 7, 5}, {1, 32, 16, 64, 66}, {2, 4, 8, 6, 6}};

struct Results {
  at::Tensor y, dx, dweight, dbias;
};

Results compute(const Convolution& convolution, const at::Tensor& x, const at::Tensor& weight,
                const at::Tensor& bias) {
  const at::Tensor of_x = x.detach().clone().requires_grad_(true);
  const at::Tensor of_weight = weight.detach().clone().requires_grad_(true);
  const at::Tensor of_bias = bias.detach().clone().requires_grad_(true);
  const at::Tensor y = convolution(of_x, of_weight, of_bias);
  // Another factor for each output.
  (y * y.detach().sin()).sum().backward();
  return {y.detach(), of_x.grad(), of_weight.grad(), of_bias.grad()};
}

// `expected` is LibTorch's direct convolution, in double precision.
void expect_equal(const Convolution& ours, const Convolution& expected) {
  for (const auto& [images, in, out, height, width] : kCases) {
    SCOPED_TRACE(testing::Message()
                 << in << " to " << out << " channels, " << height << " x " << width);
    const at::Tensor x = at::randn({images, in, height, width}, at::kDouble);
    const at::Tensor weight = at::randn({out, in, 3, 3}, at::kDouble);
    const at::Tensor bias = at::randn({out}, at::kDouble);
    const Results direct = compute(expected, x, weight, bias);
    const Results doubles = compute(ours, x, weight, bias);
    EXPECT_LT(difference(doubles.y, direct.y), 1e-13);
    EXPECT_LT(difference(doubles.dx, direct.dx), 1e-13);
    EXPECT_LT(difference(doubles.dweight, direct.dweight), 1e-13);
    if (direct.dbias.defined()) {
      EXPECT_LT(difference(doubles.dbias, direct.dbias), 1e-13);
    }

    const Results floats =
        compute(ours, x.to(at::kFloat), weight.to(at::kFloat), bias.to(at::kFloat));
    EXPECT_LT(difference(floats.y, direct.y), 5e-6);
    EXPECT_LT(difference(floats.dx, direct.dx), 5e-6);
    EXPECT_LT(difference(floats.dweight, direct.dweight), 2e-5);
  }
}

TEST(WinogradConvTest, RoundsOnlyInputsAndOutputsToBfloat16) {
  const at::Tensor x = at::randn({2, 16, 8, 8}).to(at::kBFloat16);
  const at::Tensor weight = at::randn({24, 16, 3, 3}).to(at::kBFloat16);
  const at::Tensor exact = at::conv2d(x.to(at::kDouble), weight.to(at::kDouble), {}, 1, 1);
  const at::Tensor y = conv3x3(x, weight, {}, Border::kZero);
  EXPECT_EQ(y.scalar_type(), at::kBFloat16);
  // bfloat16 has 8 bits of precision: rounding changes a number by up to a 256th.
  EXPECT_LT((y.to(at::kDouble) - exact).abs().sub_(exact.abs() / 256).max().item<double>(), 1e-4);
}

// The threads share the images. Each adds up a gradient of the weight, so its last bits differ.
TEST(WinogradConvTest, AnyNumberOfThreadsComputesTheSame) {
  const at::Tensor x = at::randn({5, 48, 12, 14});
  const at::Tensor weight = at::randn({40, 48, 3, 3});
  const at::Tensor bias = at::randn({40});
  const auto compute_on = [&](int threads) {
    at::set_num_threads(threads);
    return compute([](auto& of, auto& w, auto& b) { return conv3x3(of, w, b, Border::kReflect); },
                   x, weight, bias);
  };
  const Results one = compute_on(1);
  for (const int threads : {2, 3, 8}) {
    const Results several = compute_on(threads);
    EXPECT_TRUE(at::equal(several.y, one.y)) << threads;
    EXPECT_TRUE(at::equal(several.dx, one.dx)) << threads;
    EXPECT_LT(difference(several.dweight, one.dweight), 1e-5) << threads;
    EXPECT_TRUE(at::equal(compute_on(threads).dweight, several.dweight)) << threads;
  }
  at::set_num_threads(1);
}

TEST(WinogradConvTest, EqualsADirectConvolutionWithZeros) {
  expect_equal([](auto& x, auto& w, auto& b) { return conv3x3(x, w, b, Border::kZero); },
               [](auto& x, auto& w, auto& b) { return at::conv2d(x, w, b, 1, 1); });
}

TEST(WinogradConvTest, EqualsADirectConvolutionWithReflection) {
  expect_equal([](auto& x, auto& w, auto& b) { return conv3x3(x, w, b, Border::kReflect); },
               [](auto& x, auto& w, auto& b) {
                 return at::conv2d(at::reflection_pad2d(x, {1, 1, 1, 1}), w, b);
               });
}

TEST(WinogradConvTest, EqualsAConvolutionOfADoubledImage) {
  expect_equal(
      [](auto& x, auto& w, auto&) {
        return convolve(x, w, {.kernel = 3, .stride = 1, .padding = 1, .doubled = true});
      },
      [](auto& x, auto& w, auto&) {
        return at::conv2d(at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)}), w, {}, 1, 1);
      });
}

TEST(WinogradConvTest, ComputesOnlyTheGradientsThatAreNeeded) {
  const at::Tensor x = at::randn({1, 8, 4, 4}).requires_grad_(true);
  const at::Tensor weight = at::randn({8, 8, 3, 3});
  conv3x3(x, weight, {}, Border::kZero).sum().backward();
  EXPECT_TRUE(x.grad().defined());
  EXPECT_FALSE(weight.grad().defined());
}

TEST(WinogradConvTest, GivesTheSameBitsTwice) {
  const at::Tensor x = at::randn({2, 16, 16, 16});
  const at::Tensor weight = at::randn({16, 16, 3, 3});
  const at::Tensor bias = at::randn({16});
  const auto conv = [](auto& of, auto& w, auto& b) { return conv3x3(of, w, b, Border::kReflect); };
  const Results first = compute(conv, x, weight, bias);
  const Results second = compute(conv, x, weight, bias);
  EXPECT_TRUE(at::equal(first.y, second.y));
  EXPECT_TRUE(at::equal(first.dx, second.dx));
  EXPECT_TRUE(at::equal(first.dweight, second.dweight));
}

}  // namespace
}  // namespace scgan
