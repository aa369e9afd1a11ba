#include "core/data/scaling.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/data/test_images.h"

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
  EXPECT_TRUE(at::allclose(levels[2].flatten(), at::tensor({102.F, 204.F, 153.F, 51.F, 255.F})));
}

}  // namespace
}  // namespace scgan
