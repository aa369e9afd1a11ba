#include "sweeps/run/live_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace scgan::sweeps {
namespace {

GroupProgress training() {
  GroupProgress group;
  group.working = true;
  group.run = "scgan 40 % seed 2";
  group.step = 50;
  group.total_steps = 100;
  group.g_loss = 4.5;
  group.d_loss = 0.25;
  group.g_curve = {8, 6, 5, 4.5};
  group.d_curve = {0.25, 0.5, 0.25, 0};
  group.steps_per_second = 2;
  group.images_per_step = 16;
  group.ranks = 4;
  return group;
}

GroupProgress scoring() {
  GroupProgress group = training();
  group.run = "cyclegan 40 % seed 2";
  group.scoring = true;
  return group;
}

SweepProgress two_groups() {
  SweepProgress progress;
  progress.name = "fig3";
  progress.done = 3;
  progress.running = 2;
  progress.waiting = 7;
  progress.ranks = 6;
  progress.free_ranks = 1;
  progress.elapsed_seconds = 65;
  progress.training_seconds = 300;
  progress.scoring_seconds = 20;
  progress.groups = {training(), scoring()};
  return progress;
}

SweepProgress many_groups(size_t count) {
  SweepProgress progress = two_groups();
  progress.groups.assign(count, training());
  for (size_t i = 0; i < count; ++i) {
    progress.groups[i].run = "variant " + std::to_string(i);
    progress.groups[i].total_steps = 60 + static_cast<int64_t>(i * 37 % count);
  }
  return progress;
}

size_t columns(const std::string& line) {
  size_t count = 0;
  for (const char byte : line) count += (static_cast<unsigned char>(byte) & 0xc0) != 0x80 ? 1 : 0;
  return count;
}

// Two groups score 9 runs in 5 rounds of 20 s.
TEST(LiveLinesTest, LiveViewShowsCountsLossesSpeedAndTimeLeft) {
  EXPECT_THAT(live_lines(two_groups(), {80, 24}),
              testing::ElementsAre(
                  "fig3: 3 done, 2 running, 7 to do",
                  "1 min 05 s elapsed, 6 min 40 s left, 32 images/s on 6 ranks, 1 of them idle",
                  "run                     done  G loss        D loss        images/s         left",
                  "scgan 40 % seed 2 x4    50 %   4.500 █▄▂▁    0.250 ▅█▅▁         32         25 s",
                  "cyclegan..% seed 2 x4  scoring"));
}

TEST(LiveLinesTest, CurvesGrowWithTheWindowAndMayBeAscii) {
  auto progress = two_groups();
  progress.groups.pop_back();
  progress.groups[0].g_curve.assign(100, 1);
  EXPECT_THAT(live_lines(progress, {120, 24}, true).at(3),
              testing::HasSubstr("4.500 _________________________   0.250 -^-_  "));
}

TEST(LiveLinesTest, ANarrowWindowHasNoCurves) {
  auto progress = two_groups();
  progress.groups.pop_back();
  EXPECT_EQ(live_lines(progress, {60, 24}).at(3),
            "scg..d 2 x4   50 %   4.500    0.250         32         25 s");
}

TEST(LiveLinesTest, LiveViewFitsEveryWindow) {
  for (const size_t count : {1U, 2U, 20U, 21U, 512U}) {
    for (const Window& window : {Window{80, 24}, Window{200, 50}, Window{20, 5}, Window{40, 4}}) {
      const auto lines = live_lines(many_groups(count), window);
      EXPECT_LT(lines.size(), window.rows) << count;
      for (const auto& line : lines) EXPECT_LT(columns(line), window.columns) << line;
    }
  }
}

TEST(LiveLinesTest, OfTooManyGroupsThoseThatEndLastAreShown) {
  auto progress = many_groups(512);
  progress.groups[3].scoring = true;
  progress.groups[4].steps_per_second = 0;
  const auto lines = live_lines(progress, {80, 24});
  ASSERT_EQ(lines.size(), 23U);
  // 512 groups less 19: the one that starts and those with 554 to 571 steps. 50 of 553 steps are 9
  // %.
  EXPECT_EQ(lines.back(), "others: 492 training (9 to 83 % done), 1 scoring");
  EXPECT_THAT(lines.at(3), testing::HasSubstr("starting"));
}

TEST(LiveLinesTest, LogLineHasTheSameContent) {
  auto progress = two_groups();
  progress.failed = 1;
  EXPECT_EQ(log_line(progress),
            "fig3: 3 done, 2 running, 7 to do, 1 FAILED; 1 min 05 s elapsed, 6 min 40 s left, 32 "
            "images/s on 6 ranks, 1 of them idle; scgan 40 % seed 2 50/100 G 4.500 D 0.250; "
            "cyclegan 40 % seed 2 scoring");
  EXPECT_THAT(log_line(many_groups(512)), testing::EndsWith("idle; 512 training (8 to 83 % done)"));
}

TEST(LiveLinesTest, TimeLeftSaysIfItDoesNotCountScoringYet) {
  auto progress = two_groups();
  progress.scoring_seconds.reset();
  EXPECT_THAT(live_lines(progress, {}).at(1), testing::HasSubstr("5 min 00 s and scoring left"));
  progress.training_seconds.reset();
  EXPECT_THAT(live_lines(progress, {}).at(1), testing::HasSubstr("unknown left"));
}

}  // namespace
}  // namespace scgan::sweeps
