#include "core/image/scaling.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "core/base/error.h"
#include "tests/support/error_of.h"
#include "tests/support/test_images.h"

namespace scgan {
namespace {

TEST(ScalingTest, PercentilesAreLinearBetweenOrderStatisticsOfAllImages) {
  RawHistogram histogram;
  histogram.add(at::tensor({10.F, 40.F}).expand({3, 1, 2}));
  histogram.add(at::tensor({20.F, 65535.F, 30.F}).expand({3, 3, 1, 3})[0]);
  // Sorted 10 20 30 40 65535: rank 0.1 * 4 = 0.4 -> 14; rank 0.7 * 4 = 2.8 -> 38.
  const ChannelRanges ranges = histogram.percentiles(10, 70);
  for (const auto& [low, high] : ranges) {
    EXPECT_NEAR(low, 14, 1e-9);
    EXPECT_NEAR(high, 38, 1e-9);
  }
  EXPECT_EQ(histogram.percentiles(0, 100)[2][1], 65535);
}

TEST(ScalingTest, ChannelsHaveTheirOwnRange) {
  RawHistogram histogram;
  histogram.add(at::tensor({0, 1, 0, 2, 0, 4}, at::kByte).view({3, 1, 2}));
  const ChannelRanges ranges = histogram.percentiles(0, 100);
  EXPECT_EQ(ranges[0][1], 1);
  EXPECT_EQ(ranges[1][1], 2);
  EXPECT_EQ(ranges[2][1], 4);
}

TEST(ScalingTest, MissingChannelsDoNotCount) {
  RawHistogram histogram(8);
  histogram.add(at::tensor({1, 9, 0, 0, 0, 0}, at::kByte).view({3, 1, 2}), {true, false, false});
  histogram.add(at::tensor({0, 0, 5, 7, 0, 0}, at::kByte).view({3, 1, 2}), {false, true, false});
  const ChannelRanges ranges = histogram.percentiles(0, 100);
  EXPECT_EQ(ranges[0], (std::array<double, 2>{1, 9}));
  EXPECT_EQ(ranges[1], (std::array<double, 2>{5, 7}));
  EXPECT_EQ(ranges[2], (std::array<double, 2>{0, 255}));
}

TEST(ScalingTest, FloatPercentilesAreExact) {
  // Values of both signs over many magnitudes, sorted by ATen; several in one upper half.
  at::Tensor values = at::arange(30000, at::kDouble);
  values = (values.remainder(8) - 3.5) * at::exp((values * 37 % 30000) / 3000.0 - 5);
  const at::Tensor images = values.to(at::kFloat).view({100, 3, 10, 10});
  for (const auto& [low, high] : {std::pair{0.1, 99.9}, {0.0, 100.0}, {37.3, 37.9}, {49.0, 51.5}}) {
    RawHistogram histogram(32);
    int passes = 0;
    do {
      for (int64_t i = 0; i < 100; ++i) histogram.add(images[i]);
      ++passes;
    } while (histogram.needs_another_pass(low, high));
    EXPECT_EQ(passes, 2);
    const ChannelRanges ranges = histogram.percentiles(low, high);
    for (int64_t c = 0; c < 3; ++c) {
      const at::Tensor sorted = std::get<0>(images.select(1, c).flatten().to(at::kDouble).sort());
      for (const size_t side : {0U, 1U}) {
        const double place = (side == 0 ? low : high) / 100 * 9999;
        const auto below = static_cast<int64_t>(place);
        const double first = sorted[below].item<double>();
        const double next = sorted[std::min<int64_t>(below + 1, 9999)].item<double>();
        EXPECT_DOUBLE_EQ(ranges[static_cast<size_t>(c)][side],
                         first + (place - static_cast<double>(below)) * (next - first));
      }
    }
  }
}

TEST(ScalingTest, ConstantChannelIsAnErrorThatNamesIt) {
  RawHistogram histogram;
  histogram.add(at::tensor({0, 9, 7, 7, 0, 9}, at::kByte).view({3, 1, 2}));
  EXPECT_THAT(data_error_of([&] { histogram.percentiles(0.1, 99.9); }),
              testing::AllOf(testing::HasSubstr("green"), testing::HasSubstr("value 7")));
}

TEST(ScalingTest, RangeBecomesZeroTo255AndIsClipped) {
  const at::Tensor image = at::tensor({100.F, 200.F, 150.F, 50.F, 250.F}).expand({3, 1, 5});
  const at::Tensor levels = scale_to_grey_levels(image, {{{100, 200}, {100, 200}, {0, 250}}});
  EXPECT_TRUE(at::allclose(levels[0].flatten(), at::tensor({0.F, 255.F, 127.5F, 0.F, 255.F})));
  EXPECT_EQ(
      scale_to_grey_levels(image, {{{-100, 200}, {-100, 200}, {0, 250}}}, {false, true, true})[0]
          .abs()
          .max()
          .item<float>(),
      0);
  EXPECT_TRUE(at::allclose(levels[2].flatten(), at::tensor({102.F, 204.F, 153.F, 51.F, 255.F})));
}

// Without the second pass, as when files were changed in between.
TEST(ScalingTest, FloatsThatChangeBetweenThePassesAreNoticed) {
  RawHistogram histogram(32);
  histogram.add(at::rand({3, 4, 4}));
  ASSERT_TRUE(histogram.needs_another_pass(1, 99));
  EXPECT_THROW(histogram.percentiles(1, 99), Error);
}

}  // namespace
}  // namespace scgan
