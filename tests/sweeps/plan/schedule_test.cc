#include "sweeps/plan/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "core/base/error.h"

namespace scgan::sweeps {
namespace {

// `count` waiting runs that 1, 2 or 4 ranks can share.
std::vector<RunSpec> waiting(size_t count, int64_t ranks_per_run = 0) {
  RunSpec run;
  run.train.batch_size = 8;
  run.train.micro_batch = 2;
  run.run.ranks_per_run = ranks_per_run;
  return std::vector<RunSpec>(count, run);
}

TEST(ScheduleTest, AutoWidensOnlyWhenNoRunIsLeftWaiting) {
  struct Case {
    size_t runs;
    int world_size;
    int expected;
  };
  for (const auto& [runs, world_size, expected] : std::vector<Case>{{0, 4, 1},
                                                                    {1, 1, 1},
                                                                    {9, 4, 1},
                                                                    {4, 4, 1},
                                                                    {3, 4, 1},
                                                                    {2, 4, 2},
                                                                    {1, 4, 4},
                                                                    {1, 8, 4},
                                                                    {3, 8, 2},
                                                                    {5, 8, 1},
                                                                    {1, 6, 2},
                                                                    {2, 6, 2},
                                                                    {1, 3, 1},
                                                                    {1, 12, 4}}) {
    EXPECT_EQ(ranks_per_group(waiting(runs), world_size), expected)
        << runs << " runs on " << world_size << " ranks";
  }
}

TEST(ScheduleTest, AutoTakesASizeThatEveryRunCanUse) {
  std::vector<RunSpec> runs = waiting(2);
  runs[1].train.micro_batch = 4;  // 1 or 2 ranks
  EXPECT_EQ(ranks_per_group(runs, 16), 2);
}

TEST(ScheduleTest, AskedSizeIsTakenWhereItIsPossible) {
  EXPECT_EQ(ranks_per_group(waiting(9, 4), 8), 4);
  EXPECT_EQ(ranks_per_group(waiting(1, 1), 8), 1);
}

TEST(ScheduleTest, ImpossibleSizeNamesThePossibleOnes) {
  for (const int64_t asked : {3, 4, 8}) {
    try {
      ranks_per_group(waiting(2, asked), 6);
      FAIL() << asked;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInvalidSpec);
      EXPECT_THAT(error.what(), testing::HasSubstr("train.micro_batch: 1, 2, or auto"));
    }
  }
}

TEST(ScheduleTest, RunsThatAskForDifferentSizesAreRefused) {
  std::vector<RunSpec> runs = waiting(2, 1);
  runs[1].run.ranks_per_run = 2;
  EXPECT_THROW(ranks_per_group(runs, 2), Error);
}

}  // namespace
}  // namespace scgan::sweeps
