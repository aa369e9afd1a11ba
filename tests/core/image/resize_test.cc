#include "core/image/resize.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "tests/core/image/resize_fixtures.h"

namespace scgan {
namespace {

template <size_t count>
at::Tensor planes(const std::array<uint8_t, count>& levels, int64_t height, int64_t width) {
  return at::tensor(at::ArrayRef<uint8_t>(levels.data(), count), at::kByte)
      .view({3, height, width});
}

void expect_within_one_level(const at::Tensor& result, const at::Tensor& pillow) {
  ASSERT_EQ(result.sizes(), pillow.sizes());
  ASSERT_EQ(result.scalar_type(), at::kByte);
  const at::Tensor apart = (result.to(at::kInt) - pillow.to(at::kInt)).abs();
  EXPECT_LE(apart.max().item<int>(), 1);
  EXPECT_LE(apart.gt(0).sum().item<int64_t>(), 2);  // of some hundred values
}

TEST(ResizeTest, ShrinksLikePillow) {
  expect_within_one_level(resize_bicubic(planes(fixtures::kNoise10x12, 10, 12), 5, 7),
                          planes(fixtures::kNoise10x12To5x7, 5, 7));
}

TEST(ResizeTest, EnlargesLikePillow) {
  expect_within_one_level(resize_bicubic(planes(fixtures::kNoise5x7, 5, 7), 10, 12),
                          planes(fixtures::kNoise5x7To10x12, 10, 12));
}

// The formulas of make_resize_fixtures.py.
at::Tensor eight_bits(int64_t height, int64_t width) {
  const at::Tensor y = at::arange(height).view({1, height, 1});
  const at::Tensor x = at::arange(width).view({1, 1, width});
  return (y * 37 + x * 11 + x * y * 3 + 5).remainder(256).to(at::kByte);
}
at::Tensor sixteen_bits(int64_t height, int64_t width) {
  const at::Tensor y = at::arange(height).view({1, height, 1});
  const at::Tensor x = at::arange(width).view({1, 1, width});
  return (y * 9001 + x * 1234 + x * y * 77 + 3).remainder(65536).to(at::kFloat);
}

template <size_t count>
void expect_as_pillow(const at::Tensor& image, int64_t height, int64_t width,
                      const std::array<uint8_t, count>& pillow) {
  expect_within_one_level(
      resize_bicubic(image, height, width),
      at::tensor(at::ArrayRef<uint8_t>(pillow.data(), count), at::kByte).view({1, height, width}));
}

TEST(ResizeTest, AnyFactorIsLikePillow) {
  expect_as_pillow(eight_bits(80, 67), 9, 5, fixtures::kEightBits80x67To9x5);
  expect_as_pillow(eight_bits(6, 5), 17, 21, fixtures::kEightBits6x5To17x21);
  expect_as_pillow(eight_bits(9, 30), 23, 11, fixtures::kEightBits9x30To23x11);
}

template <size_t count>
void expect_float_as_pillow(const at::Tensor& image, int64_t height, int64_t width,
                            const std::array<float, count>& pillow) {
  const at::Tensor result = resize_bicubic(image, height, width);
  const at::Tensor expected = at::tensor(at::ArrayRef<float>(pillow.data(), count));
  // Both keep float32 between the passes: 65535 * 2^-24 is 0.004.
  EXPECT_TRUE(at::allclose(result.flatten(), expected, 0, 0.02));
}

TEST(ResizeTest, SixteenBitsAreResizedLikePillowInFloat) {
  expect_float_as_pillow(sixteen_bits(40, 37), 6, 7, fixtures::kSixteenBits40x37To6x7);
  expect_float_as_pillow(sixteen_bits(6, 5), 11, 9, fixtures::kSixteenBits6x5To11x9);
}

TEST(ResizeTest, SameSizeChangesNothing) {
  const at::Tensor image = planes(fixtures::kNoise10x12, 10, 12);
  EXPECT_TRUE(at::equal(resize_bicubic(image, 10, 12), image));
}

TEST(ResizeTest, FloatIsNeitherRoundedNorClipped) {
  at::Tensor step = at::zeros({1, 1, 8});
  step.narrow(2, 4, 4).fill_(1000);
  const at::Tensor result = resize_bicubic(step, 1, 16);
  EXPECT_LT(result.min().item<float>(), -10);  // the kernel's undershoot
  EXPECT_GT(result.max().item<float>(), 1010);
  EXPECT_TRUE(
      at::allclose(resize_bicubic(at::full({3, 9, 9}, 0.3), 5, 20), at::full({3, 5, 20}, 0.3)));
}

TEST(ResizeTest, DoublingByHandWeights) {
  // Keys, a = -0.5: w(0.25) = 0.8671875, w(0.75) = 0.2265625, w(1.25) = -0.0703125, w(1.75) =
  // -0.0234375.
  const at::Tensor line = at::tensor({0.F, 0.F, 1.F, 0.F, 0.F, 0.F}).view({1, 1, 6});
  const at::Tensor result = resize_bicubic(line, 1, 12).flatten();
  EXPECT_NEAR(result[4].item<float>(), 0.8671875, 1e-6);  // centre 2.25, tap 2.5
  EXPECT_NEAR(result[3].item<float>(), 0.2265625, 1e-6);  // centre 1.75
  // Centre 1.25: the tap at -0.5 (weight w(1.75)) is out of range, the others share its weight.
  EXPECT_NEAR(result[2].item<float>(), -0.0703125 / 1.0234375, 1e-6);
}

}  // namespace
}  // namespace scgan
