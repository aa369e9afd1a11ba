#include "sweeps/plan/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "core/base/error.h"

namespace scgan::sweeps {
namespace {

// `count` runs that can be trained by 1, 2 or 4 ranks.
std::vector<RunSpec> waiting(size_t count, int64_t ranks_per_run = 0) {
  RunSpec run;
  run.train.batch_size = 8;
  run.train.micro_batch = 2;
  run.run.ranks_per_run = ranks_per_run;
  return std::vector<RunSpec>(count, run);
}

TEST(ScheduleTest, RunBeginsOnTheFewestRanksUnlessThereAreRanksForAll) {
  const std::vector<int> sizes{1, 2, 4};
  const RunningGroup run{1, sizes, 100};
  struct Case {
    std::vector<RunningGroup> waiting;
    int free, expected;  // of the first one
  };
  for (const auto& [waiting, free, expected] :
       std::vector<Case>{{{run}, 1, 1},
                         {{run, run}, 1, 1},
                         {{run, run, run}, 4, 2},
                         {{run, run}, 4, 2},
                         {{run}, 2, 2},
                         {{run}, 6, 4},
                         {{run}, 16, 4},
                         {{{1, {1}, 100}}, 8, 1},
                         {{{4, {4}, 100}, {4, {4}, 100}}, 8, 4},
                         {{{4, {4}, 100}, {4, {4}, 100}}, 7, 4},
                         {{run, {1, sizes, 210}}, 5, 1},
                         {{run, {1, sizes, 190}}, 4, 2}}) {
    EXPECT_EQ(starting_size(waiting, 0, free), expected)
        << waiting.size() << " runs, " << free << " free";
  }
}

TEST(ScheduleTest, SizesAreTheRequestedOneOrAllPossibleOnes) {
  EXPECT_EQ(sizes_for(waiting(1).front()), (std::vector<int>{1, 2, 4}));
  EXPECT_EQ(sizes_for(waiting(1, 2).front()), std::vector<int>{2});
}

TEST(ScheduleTest, FreeNeighboursAreChosenFirst) {
  EXPECT_EQ(choose_ranks({0, 1, 2, 3}, 2), (std::vector<int>{0, 1}));
  EXPECT_EQ(choose_ranks({1, 2, 3, 4, 5}, 2), (std::vector<int>{2, 3}));
  EXPECT_EQ(choose_ranks({1, 3, 5}, 2), (std::vector<int>{1, 3}));
  EXPECT_EQ(choose_ranks({1, 4, 5, 6, 7}, 4), (std::vector<int>{4, 5, 6, 7}));
  EXPECT_EQ(choose_ranks({2, 7}, 1), std::vector<int>{2});
  EXPECT_EQ(choose_ranks({2, 7}, 0), std::vector<int>{});
}

TEST(ScheduleTest, RanksOfARunHaveOneDevice) {
  EXPECT_EQ(most_alike({"x", "y", "x", "y", "y", "y", "x"}), 4);
  const std::vector<int> sizes{1, 2, 4};
  EXPECT_EQ(starting_ranks(sizes, {{"x", {0, 2, 6}}, {"y", {1, 3, 4, 5}}}, 4),
            (std::vector<int>{1, 3, 4, 5}));
  EXPECT_EQ(starting_ranks(sizes, {{"x", {0, 2, 6}}, {"y", {1, 3, 4, 5}}}, 2),
            (std::vector<int>{0, 2}));
  EXPECT_EQ(starting_ranks(sizes, {{"x", {0, 2}}, {"y", {1, 3}}}, 4), (std::vector<int>{0, 2}));
  EXPECT_EQ(starting_ranks(sizes, {{"x", {0}}, {"y", {1}}}, 4), std::vector<int>{0});
  EXPECT_EQ(starting_ranks({4}, {{"x", {0, 2, 6}}, {"y", {1, 3}}}, 4), std::vector<int>{});
  EXPECT_EQ(starting_ranks(sizes, {}, 1), std::vector<int>{});
}

TEST(ScheduleTest, RunsStartInOrderUntilTheLongestMightBeLeftOver) {
  EXPECT_EQ(next_run({1, 5, 2}, 1), 0U);  // 8 s of work for one rank
  EXPECT_EQ(next_run({1, 5, 2}, 2), 1U);  // 4 s for each of two
  EXPECT_EQ(next_run({3, 3}, 2), 0U);     // of equal ones, the first
}

TEST(ScheduleTest, FreeRanksGoToTheRunWithMuchLeft) {
  const std::vector<int> sizes{1, 2, 4};
  EXPECT_EQ(sizes_after_joining({{1, sizes, 100}}, 3), std::vector<int>{4});
  EXPECT_EQ(sizes_after_joining({{1, sizes, 100}}, 2), std::vector<int>{2});
  EXPECT_EQ(sizes_after_joining({{1, sizes, 100}, {1, sizes, 90}}, 2), (std::vector<int>{2, 2}));
  EXPECT_EQ(sizes_after_joining({{1, sizes, 100}, {1, sizes, 40}}, 3), (std::vector<int>{4, 1}));
  EXPECT_EQ(sizes_after_joining({{1, sizes, 40}, {2, sizes, 100}}, 2), (std::vector<int>{1, 4}));
  EXPECT_EQ(sizes_after_joining({{4, sizes, 100}, {1, sizes, 10}}, 4), (std::vector<int>{4, 4}));
  EXPECT_EQ(sizes_after_joining({}, 4), std::vector<int>{});
}

// The second would end later than the first, but could make up for it: on four ranks it needs 30 s,
// the first 45.
TEST(ScheduleTest, ARunThatCannotGainMuchLaterGrowsFirst) {
  const std::vector<int> sizes{1, 2, 4};
  EXPECT_EQ(sizes_after_joining({{2, sizes, 90}, {1, sizes, 120}}, 2), (std::vector<int>{4, 1}));
  EXPECT_EQ(sizes_after_joining({{2, sizes, 90}, {1, sizes, 150}}, 2), (std::vector<int>{2, 2}));
}

TEST(ScheduleTest, AFreeRankWaitsForAnotherIfARunThenGrowsThatWouldEndLast) {
  const std::vector<int> sizes{1, 2, 4};
  // A second rank is free after 10 s, and 45 s later the first run is done.
  EXPECT_EQ(sizes_after_joining({{2, sizes, 100}, {1, sizes, 10}}, 1), (std::vector<int>{2, 1}));
  // None is free before the first run ends.
  EXPECT_EQ(sizes_after_joining({{2, sizes, 100}, {1, {1, 2, 16}, 150}}, 1),
            (std::vector<int>{2, 2}));
  // Three idle ranks for 90 s would cost more than the first run gains.
  const RunningGroup slow{1, {1, 2, 64}, 150};
  EXPECT_EQ(sizes_after_joining({{4, {4, 8}, 100}, {1, {1}, 90}, slow, slow, slow, slow}, 3),
            (std::vector<int>{4, 1, 2, 2, 2, 1}));
}

TEST(ScheduleTest, RanksMoveFromRunsThatEndSoonToTheOneThatEndsLast) {
  const std::vector<int> sizes{1, 2, 4};
  // On two ranks, the first run ends in 18 s: three quarters of what the second has left.
  EXPECT_EQ(sizes_after_regrouping({{4, sizes, 9}, {2, sizes, 24}}, 0), (std::vector<int>{2, 4}));
  EXPECT_EQ(sizes_after_regrouping({{4, sizes, 9.1}, {2, sizes, 24}}, 0), (std::vector<int>{4, 2}));
  // Two runs give a rank each; one rank alone would be too few, but not with a free one.
  EXPECT_EQ(sizes_after_regrouping({{2, sizes, 4}, {2, sizes, 5}, {2, sizes, 24}}, 0),
            (std::vector<int>{1, 1, 4}));
  EXPECT_EQ(sizes_after_regrouping({{2, sizes, 4}, {1, sizes, 5}, {2, sizes, 24}}, 0),
            (std::vector<int>{2, 1, 2}));
  EXPECT_EQ(sizes_after_regrouping({{2, sizes, 4}, {2, sizes, 24}}, 1), (std::vector<int>{1, 4}));
}

TEST(ScheduleTest, RanksStayWhereMovingGainsNothing) {
  const std::vector<int> sizes{1, 2, 4};
  // A quarter of 19.9 s is not worth it.
  EXPECT_EQ(sizes_after_regrouping({{4, sizes, 7}, {2, sizes, 19.9}}, 0), (std::vector<int>{4, 2}));
  // The last run has all the ranks that it can have; the second one ends before it.
  EXPECT_EQ(sizes_after_regrouping({{4, sizes, 9}, {2, {1, 2}, 24}}, 0), (std::vector<int>{4, 2}));
  EXPECT_EQ(sizes_after_regrouping({{4, sizes, 9}, {2, sizes, 24}, {4, sizes, 25}}, 0),
            (std::vector<int>{4, 2, 4}));
}

TEST(ScheduleTest, FreeRanksJoinBeforeOthersMove) {
  const std::vector<int> sizes{1, 2, 4};
  EXPECT_EQ(sizes_after_regrouping({{4, sizes, 9}, {2, sizes, 24}}, 2), (std::vector<int>{4, 4}));
}

TEST(ScheduleTest, RunThatIsAboutToEndDoesNotGrow) {
  EXPECT_EQ(sizes_after_joining({{1, {1, 2}, kWorthJoiningSeconds - 0.1}}, 1), std::vector<int>{1});
  // Two ranks bring it under the limit: four are not worth it.
  EXPECT_EQ(sizes_after_joining({{1, {1, 2, 4}, 2 * kWorthJoiningSeconds - 0.1}}, 3),
            std::vector<int>{2});
}

TEST(ScheduleTest, GroupOfAFixedSizeDoesNotGrow) {
  EXPECT_EQ(sizes_after_joining({{2, {2}, 100}}, 6), std::vector<int>{2});
}

TEST(ScheduleTest, RequestedSizeIsUsedIfItIsPossible) {
  EXPECT_EQ(asked_ranks_per_run(waiting(9, 4), 8), 4);
  EXPECT_EQ(asked_ranks_per_run(waiting(1, 1), 8), 1);
  EXPECT_EQ(asked_ranks_per_run(waiting(1), 8), 0);
  EXPECT_EQ(asked_ranks_per_run({}, 8), 0);
}

TEST(ScheduleTest, ErrorForAnImpossibleSizeNamesThePossibleOnes) {
  for (const int64_t asked : {3, 4, 8}) {
    try {
      asked_ranks_per_run(waiting(2, asked), 6);
      FAIL() << asked;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInvalidSpec);
      EXPECT_THAT(error.what(), testing::HasSubstr("train.micro_batch: 1, 2, or auto"));
    }
  }
}

TEST(ScheduleTest, RunsWithDifferentRequestedSizesAreRefused) {
  std::vector<RunSpec> runs = waiting(2, 1);
  runs[1].run.ranks_per_run = 2;
  EXPECT_THROW(asked_ranks_per_run(runs, 2), Error);
}

}  // namespace
}  // namespace scgan::sweeps
