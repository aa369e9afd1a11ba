#include "sweeps/run/progress_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace scgan::sweeps {
namespace {

SweepProgress two_groups() {
  SweepProgress progress;
  progress.name = "fig3";
  progress.done = 3;
  progress.running = 2;
  progress.waiting = 7;
  progress.steps_left = 900;
  progress.scoring_seconds = 20;
  GroupProgress training;
  training.working = true;
  training.run = "scgan 40 % seed 2";
  training.step = 50;
  training.total_steps = 100;
  training.g_loss = 4.5;
  training.d_loss = 0.25;
  training.steps_per_second = 2;
  training.ranks = 4;
  GroupProgress scoring = training;
  scoring.run = "cyclegan 40 % seed 2";
  scoring.scoring = true;
  scoring.steps_per_second = 1;
  progress.groups = {training, scoring, GroupProgress{}};
  return progress;
}

TEST(ProgressViewTest, LiveViewShowsCountsLossesRateAndTimeLeft) {
  const auto lines = live_lines(two_groups(), 65);
  ASSERT_EQ(lines.size(), 3U);  // an idle group has no line
  EXPECT_EQ(lines[0],
            "fig3: 3 done, 2 running, 7 to do | 3.0 it/s | 1 min 05 s elapsed, 6 min 40 s left");
  EXPECT_EQ(lines[1],
            "  scgan 40 % seed 2                [##########..........] 50/100  G 4.500  D 0.250  "
            "2.0 it/s  4 ranks");
  EXPECT_EQ(lines[2], "  cyclegan 40 % seed 2             scoring");
}

TEST(ProgressViewTest, LogLineHasTheSameContent) {
  auto progress = two_groups();
  progress.failed = 1;
  EXPECT_EQ(log_line(progress, 65),
            "fig3: 3 done, 2 running, 7 to do, 1 FAILED; 3.0 it/s, 1 min 05 s elapsed, 6 min 40 "
            "s left; "
            "scgan 40 % seed 2 50/100 G 4.500 D 0.250; cyclegan 40 % seed 2 scoring");
}

// 900 steps at 3 per second. Two groups score 9 runs in 5 rounds of 20 s, see above.
TEST(ProgressViewTest, TimeLeftSaysIfItDoesNotCountScoringYet) {
  auto progress = two_groups();
  progress.scoring_seconds.reset();
  EXPECT_THAT(live_lines(progress, 65).front(), testing::EndsWith("5 min 00 s and scoring left"));
}

TEST(ProgressViewTest, DurationsHaveTwoUnitsAtMost) {
  EXPECT_EQ(duration_text(12.4), "12 s");
  EXPECT_EQ(duration_text(59.6), "1 min 00 s");
  EXPECT_EQ(duration_text(3900), "1 h 05 min");
  EXPECT_EQ(duration_text(-1), "unknown");
}

}  // namespace
}  // namespace scgan::sweeps
