#include "core/train/lr_schedule.h"

#include <gtest/gtest.h>

namespace scgan {
namespace {

// Values of the published schedule with 100 + 100 epochs, by hand from 1 - max(0, e - 100) / 101.
TEST(LrScheduleTest, IsConstantThenLinearTowardsZero) {
  const TrainSpec spec;
  EXPECT_DOUBLE_EQ(learning_rate_factor(spec, 1), 1);
  EXPECT_DOUBLE_EQ(learning_rate_factor(spec, 100), 1);
  EXPECT_NEAR(learning_rate_factor(spec, 101), 100.0 / 101, 1e-15);
  EXPECT_NEAR(learning_rate_factor(spec, 150), 51.0 / 101, 1e-15);
  EXPECT_NEAR(learning_rate_factor(spec, 200), 1.0 / 101, 1e-15);
}

TEST(LrScheduleTest, WithoutDecayStaysConstant) {
  TrainSpec spec;
  spec.epochs = 5;
  spec.decay_epochs = 0;
  EXPECT_DOUBLE_EQ(learning_rate_factor(spec, 5), 1);
}

}  // namespace
}  // namespace scgan
