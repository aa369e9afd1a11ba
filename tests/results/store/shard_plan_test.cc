#include "results/store/shard_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "results/store/result_store.h"
#include "tests/results/sample_store.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_dir.h"

namespace scgan::results {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ShardPlanTest : public testing::Test {
 protected:
  // Three runs: a and c are in shard 1, b is in shard 2.
  static ShardPlan plan(int index) {
    return {.sweep = "cells",
            .index = index,
            .count = 2,
            .runs = {planned_run("a", "scgan", 100, 0), planned_run("b", "scgan", 100, 1),
                     planned_run("c", "scgan", 50, 0)},
            .shards = {1, 2, 1}};
  }
  std::filesystem::path folder(int index, int count = 2) const {
    auto made = shard_folder(out_.path(), index, count);
    std::filesystem::create_directories(made);
    return made;
  }
  // As a job of the shard writes it.
  void write(const ShardPlan& plan) const {
    const auto to = folder(plan.index, plan.count);
    write_shard_plan(plan, to);
    std::vector<PlannedRun> mine;
    for (size_t i = 0; i < plan.runs.size(); ++i) {
      if (plan.shards[i] == plan.index) mine.push_back(plan.runs[i]);
    }
    ResultStore::open(to / "results.db").plan(sample_sweep(), mine);
  }

  TempDir out_;
};

TEST_F(ShardPlanTest, IsReadAsItWasWritten) {
  const ShardPlan written = plan(2);
  write_shard_plan(written, out_.path());
  const auto read = read_shard_plan(out_.path());
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->is_same_plan(written));
  EXPECT_EQ(read->index, 2);
  const PlannedRun &before = written.runs[2], &after = read->runs[2];
  EXPECT_EQ(after.variant, before.variant);
  EXPECT_EQ(after.percentage, 50);
  EXPECT_EQ(after.dataset, before.dataset);
  EXPECT_EQ(after.data_digest, before.data_digest);
  EXPECT_EQ(after.total_steps, before.total_steps);
  EXPECT_EQ(after.images_a, before.images_a);
  EXPECT_FALSE(read_shard_plan(out_.path() / "absent"));
}

TEST_F(ShardPlanTest, ADamagedPlanIsAnErrorThatNamesTheFile) {
  std::ofstream(out_.path() / "shard.json") << "{\"sweep\": 3}";
  EXPECT_THAT(error_of(ErrorKind::kStorage, [&] { read_shard_plan(out_.path()); }),
              HasSubstr("shard.json"));
}

TEST_F(ShardPlanTest, FoldersAreOrderedByNumberAndOthersAreIgnored) {
  for (const int index : {10, 9, 1}) folder(index, 10);
  for (const char* name : {"0-of-3", "4-of-3", "1-of-3x", "cache", "1of3"}) {
    std::filesystem::create_directories(out_.path() / "shards" / name);
  }
  std::vector<int> found;
  for (const ShardFolder& shard : shard_folders(out_.path())) found.push_back(shard.index);
  EXPECT_THAT(found, ElementsAre(1, 9, 10));
}

TEST_F(ShardPlanTest, CompleteShardsHaveNoProblems) {
  write(plan(1));
  write(plan(2));
  EXPECT_THAT(shard_problems(out_.path()), IsEmpty());
}

TEST_F(ShardPlanTest, AMissingShardIsNamed) {
  write(plan(1));
  EXPECT_THAT(shard_problems(out_.path()),
              ElementsAre("shard 2 of 2 has no store: 1 of 3 runs are not started"));
}

TEST_F(ShardPlanTest, AStoreWithOtherRunsThanItsPlanIsNamed) {
  write(plan(1));
  write(plan(2));
  ResultStore::open(folder(2) / "results.db")
      .plan(sample_sweep(), {planned_run("x", "scgan", 100, 7)});
  EXPECT_THAT(shard_problems(out_.path()), ElementsAre(HasSubstr("its results.db has other runs")));
}

}  // namespace
}  // namespace scgan::results
