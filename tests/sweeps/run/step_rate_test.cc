#include "sweeps/run/step_rate.h"

#include <gtest/gtest.h>

namespace scgan::sweeps {
namespace {

using std::chrono::seconds;

const StepRate::Clock::time_point kStart{seconds(1000)};

TEST(StepRateTest, IsKnownOnceAStepIsDone) {
  StepRate rate;
  rate.restart(10, kStart);
  rate.reached(10, kStart + seconds(5));
  EXPECT_EQ(rate.steps_per_second(), 0);
  EXPECT_FALSE(rate.was_known());
  rate.reached(14, kStart + seconds(8));
  EXPECT_EQ(rate.steps_per_second(), 0.5);
  EXPECT_TRUE(rate.was_known());
}

TEST(StepRateTest, CountsTheTimeSinceTheLastReport) {
  StepRate rate;
  rate.restart(0, kStart);
  rate.reached(4, kStart + seconds(8));
  EXPECT_EQ(rate.seconds_left(10, kStart + seconds(8)), 12);
  EXPECT_EQ(rate.seconds_left(10, kStart + seconds(11)), 9);
  EXPECT_EQ(rate.seconds_left(10, kStart + seconds(30)), 0) << "slower than before";
}

TEST(StepRateTest, IsMeasuredAnewWhenTheRanksChange) {
  StepRate rate;
  rate.restart(0, kStart);
  rate.reached(4, kStart + seconds(8));
  rate.restart(4, kStart + seconds(10));
  EXPECT_EQ(rate.steps_per_second(), 0);
  EXPECT_TRUE(rate.was_known());
  rate.reached(6, kStart + seconds(12));
  EXPECT_EQ(rate.steps_per_second(), 1);
  EXPECT_EQ(rate.seconds_left(10, kStart + seconds(12)), 4);
}

}  // namespace
}  // namespace scgan::sweeps
