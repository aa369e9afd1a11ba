#include "core/train/lr_schedule.h"

#include <gtest/gtest.h>

namespace scgan {
namespace {

// The published schedule with 100 + 100 epochs, computed by hand: 1 - max(0, e - 100) / 101.
TEST(LrScheduleTest, IsConstantThenLinearTowardsZero) {
  const TrainSpec spec;
  EXPECT_DOUBLE_EQ(learning_rate_factor(spec, 1), 1);
  EXPECT_DOUBLE_EQ(learning_rate_factor(spec, 100), 1);
  EXPECT_NEAR(learning_rate_factor(spec, 101), 100.0 / 101, 1e-15);
  EXPECT_NEAR(learning_rate_factor(spec, 150), 51.0 / 101, 1e-15);
  EXPECT_NEAR(learning_rate_factor(spec, 200), 1.0 / 101, 1e-15);
}

// Other readings of "decayed linearly once every 100 epochs", computed by hand from their formulas.
TEST(LrScheduleTest, StaircaseFallsOnceAPeriod) {
  TrainSpec spec;
  spec.schedule = LrSchedule::kStaircase;
  EXPECT_DOUBLE_EQ(learning_rate_factor(spec, 1), 1);
  EXPECT_DOUBLE_EQ(learning_rate_factor(spec, 100), 1);
  EXPECT_DOUBLE_EQ(learning_rate_factor(spec, 101), 0.5);
  EXPECT_DOUBLE_EQ(learning_rate_factor(spec, 200), 0.5);
}

TEST(LrScheduleTest, StepDividesByTenEveryPeriod) {
  TrainSpec spec;
  spec.schedule = LrSchedule::kStep;
  EXPECT_DOUBLE_EQ(learning_rate_factor(spec, 100), 1);
  EXPECT_NEAR(learning_rate_factor(spec, 101), 0.1, 1e-15);
  EXPECT_NEAR(learning_rate_factor(spec, 201), 0.01, 1e-15);
}

TEST(LrScheduleTest, LinearAllFallsFromTheFirstEpoch) {
  TrainSpec spec;
  spec.schedule = LrSchedule::kLinearAll;
  EXPECT_NEAR(learning_rate_factor(spec, 1), 200.0 / 201, 1e-15);
  EXPECT_NEAR(learning_rate_factor(spec, 200), 1.0 / 201, 1e-15);
}

TEST(LrScheduleTest, LinearRestartStartsAgainInEveryPeriod) {
  TrainSpec spec;
  spec.schedule = LrSchedule::kLinearRestart;
  EXPECT_NEAR(learning_rate_factor(spec, 1), 100.0 / 101, 1e-15);
  EXPECT_NEAR(learning_rate_factor(spec, 100), 1.0 / 101, 1e-15);
  EXPECT_NEAR(learning_rate_factor(spec, 101), 100.0 / 101, 1e-15);
}

TEST(LrScheduleTest, LengthFollowsTheDataUnlessStepsAreFixed) {
  TrainSpec spec;  // 200 epochs
  EXPECT_EQ(total_steps(spec, 10), 2000);
  EXPECT_EQ(schedule_epoch(spec, 0, 10), 1);
  EXPECT_EQ(schedule_epoch(spec, 1009, 10), 101);
  spec.steps = 400;
  EXPECT_EQ(total_steps(spec, 10), 400);
  EXPECT_EQ(schedule_epoch(spec, 0, 10), 1);
  EXPECT_EQ(schedule_epoch(spec, 199, 10), 100);
  EXPECT_EQ(schedule_epoch(spec, 200, 10), 101);
  EXPECT_EQ(schedule_epoch(spec, 399, 10), 200);
}

TEST(LrScheduleTest, WithoutDecayStaysConstant) {
  TrainSpec spec;
  spec.epochs = 5;
  spec.decay_epochs = 0;
  EXPECT_DOUBLE_EQ(learning_rate_factor(spec, 5), 1);
}

}  // namespace
}  // namespace scgan
