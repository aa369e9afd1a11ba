#include "sweeps/plan/shard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "core/base/error.h"

namespace scgan::sweeps {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<RunCost> costs(const std::vector<double>& values) {
  std::vector<RunCost> runs;
  for (const double value : values) runs.push_back({value, ""});
  return runs;
}

TEST(ShardTest, TextIsIndexAndCount) {
  EXPECT_EQ(shard_from_text("2/8").index, 2);
  EXPECT_EQ(shard_from_text("2/8").count, 8);
  EXPECT_EQ(shard_from_text("1/1").count, 1);
  for (const char* text :
       {"", "2", "0/3", "4/3", "-1/3", "1/0", "1/3x", "a/b", "1/99999", "/", "1 / 2"}) {
    try {
      shard_from_text(text);
      ADD_FAILURE() << text;
    } catch (const Error& problem) {
      EXPECT_EQ(problem.kind(), ErrorKind::kInvalidSpec);
      EXPECT_THAT(problem.what(), HasSubstr("such as 2/8"));
    }
  }
}

// By hand: 7 -> shard 1, 5 -> 2, 4 -> 2 (5 < 7), 3 -> 1, 3 -> 2 (9 < 10), 1 -> 1.
TEST(ShardTest, EachRunGoesToTheShardWithTheLeastWorkTheLongestFirst) {
  EXPECT_THAT(shards_of(costs({3, 5, 1, 7, 3, 4}), 2), ElementsAre(1, 2, 1, 1, 2, 2));
}

TEST(ShardTest, EqualRunsAreDealtInTheirOrder) {
  EXPECT_THAT(shards_of(costs({2, 2, 2, 2, 2}), 3), ElementsAre(1, 2, 3, 1, 2));
  EXPECT_THAT(shards_of(costs({2}), 3), ElementsAre(1));
}

// In the plan's order, all runs of kind a would go to shard 1 and all of kind b to shard 2.
TEST(ShardTest, EachKindOfEqualCostIsSpreadOverTheShards) {
  std::vector<RunCost> runs;
  for (int seed = 0; seed < 4; ++seed) {
    runs.push_back({1, "a"});
    runs.push_back({1, "b"});
  }
  EXPECT_THAT(shards_of(runs, 2), ElementsAre(1, 1, 2, 2, 1, 1, 2, 2));
}

// The bound of longest-first scheduling (Graham 1969): no shard has more than the mean plus the
// longest run that came last, so the difference is at most one run.
TEST(ShardTest, WorkIsBalancedAndEveryRunHasOneShard) {
  std::vector<double> work;
  for (int i = 0; i < 1000; ++i) work.push_back(1 + i % 37 + (i % 11 == 0 ? 200 : 0));
  for (const int count : {1, 2, 7, 64}) {
    const std::vector<int> shards = shards_of(costs(work), count);
    ASSERT_EQ(shards.size(), work.size());
    std::vector<double> sums(static_cast<size_t>(count), 0);
    for (size_t i = 0; i < shards.size(); ++i)
      sums.at(static_cast<size_t>(shards[i] - 1)) += work[i];
    const auto [least, most] = std::ranges::minmax_element(sums);
    EXPECT_LE(*most - *least, 2) << count << " shards";
  }
}

TEST(ShardTest, CostGrowsWithWhatMakesARunSlower) {
  RunSpec base;
  base.model.generator_blocks = 6;
  const double cost = expected_cost(base, 100);
  EXPECT_DOUBLE_EQ(expected_cost(base, 200), 2 * cost);
  using Change = std::function<void(RunSpec&)>;
  const std::vector<Change> changes{
      [](RunSpec& run) { run.train.batch_size *= 2; },
      [](RunSpec& run) { run.data.image_size = 512; },
      [](RunSpec& run) { run.model.generator_width += 1; },
      [](RunSpec& run) { run.model.generator_blocks += 1; },
      [](RunSpec& run) { run.model.discriminator_width += 1; },
      [](RunSpec& run) { run.model.discriminator = DiscriminatorKind::kFastGan; },
      [](RunSpec& run) { run.run.recompute = true; },
  };
  for (size_t i = 0; i < changes.size(); ++i) {
    RunSpec run = base;
    changes[i](run);
    EXPECT_GT(expected_cost(run, 100), cost) << "change " << i;
  }
  RunSpec without_identity = base;
  without_identity.loss.lambda_identity = 0;
  EXPECT_LT(expected_cost(without_identity, 100), cost);
}

}  // namespace
}  // namespace scgan::sweeps
