#include "sweeps/run/rank_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/base/error.h"

namespace scgan::sweeps {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::vector<int> kSizes{1, 2, 4};
constexpr double kLong = 1000;  // seconds

std::string text(const std::vector<int>& ranks) {
  std::string all;
  for (const int rank : ranks) all += std::to_string(rank);
  return all;
}

struct Words {
  std::string operator()(const order::StartRun& o) const {
    return "work " + std::to_string(o.run) + " by " + text(o.ranks);
  }
  std::string operator()(const order::PrepareJoin& o) const {
    return "prepare " + std::to_string(o.run);
  }
  std::string operator()(const order::Join& o) const { return "join " + text(o.ranks); }
  std::string operator()(const order::AcceptJoin& o) const { return "accept " + text(o.ranks); }
  std::string operator()(const order::CancelJoin&) const { return "dismiss"; }
  std::string operator()(const order::StopRun&) const { return "stop"; }
  std::string operator()(const order::Exit&) const { return "leave"; }
};

// "2: prepare 0" for each order.
std::vector<std::string> texts(const RankPool::Orders& orders) {
  std::vector<std::string> all;
  for (const auto& [rank, order] : orders) {
    all.push_back(std::to_string(rank) + ": " + std::visit(Words{}, order));
  }
  return all;
}

RankPool pool_of(int ranks) { return RankPool(Devices(static_cast<size_t>(ranks), "x")); }

// Run 7 on rank 0; ranks 1 to 3 prepare to join it.
RankPool being_joined() {
  RankPool pool = pool_of(4);
  pool.begin(7, kSizes, 4);
  EXPECT_THAT(texts(pool.prepare_joins({{0, kSizes, kLong}})),
              ElementsAre("1: prepare 7", "2: prepare 7", "3: prepare 7"));
  return pool;
}

TEST(RankPoolTest, RunsBeginOnFreeRanksUntilNoneIsLeft) {
  RankPool pool = pool_of(3);
  EXPECT_TRUE(pool.idle());
  EXPECT_THAT(texts(pool.begin(4, kSizes, 2)), ElementsAre("0: work 4 by 0"));
  EXPECT_THAT(texts(pool.begin(5, kSizes, 1)), ElementsAre("1: work 5 by 12", "2: work 5 by 12"));
  EXPECT_THAT(texts(pool.begin(6, kSizes, 1)), IsEmpty());
  EXPECT_FALSE(pool.idle());
  EXPECT_EQ(pool.leader_of(2), 1);
}

TEST(RankPoolTest, RanksAreFreeTogetherWhenAllPartsAreOver) {
  RankPool pool = pool_of(2);
  pool.begin(4, kSizes, 1);
  EXPECT_EQ(pool.part_over(0), std::nullopt);
  EXPECT_THAT(texts(pool.begin(5, kSizes, 1)), IsEmpty());  // it would get one rank, not two
  EXPECT_EQ(pool.part_over(1), 0);
  EXPECT_TRUE(pool.idle());
  EXPECT_THAT(texts(pool.begin(5, kSizes, 1)), ElementsAre("0: work 5 by 01", "1: work 5 by 01"));
  EXPECT_THROW(pool_of(1).part_over(0), Error);
}

TEST(RankPoolTest, LeaderIsToldWhenAllAreReadyAndThenTheyJoin) {
  RankPool pool = being_joined();
  EXPECT_THAT(texts(pool.prepare_joins({{0, kSizes, kLong}})), IsEmpty());  // once at a time
  EXPECT_THAT(texts(pool.ready(2, 7)), IsEmpty());
  EXPECT_THAT(texts(pool.ready(1, 7)), IsEmpty());
  EXPECT_THAT(texts(pool.ready(3, 7)), ElementsAre("0: accept 0123"));
  EXPECT_EQ(pool.leader_of(3), std::nullopt);
  EXPECT_THAT(texts(pool.join(0)), ElementsAre("1: join 0123", "2: join 0123", "3: join 0123"));
  EXPECT_THAT(pool.ranks(0), ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(pool.leader_of(3), 0);
  for (const int rank : {3, 0, 1}) EXPECT_EQ(pool.part_over(rank), std::nullopt);
  EXPECT_EQ(pool.part_over(2), 0);
}

TEST(RankPoolTest, GroupGrowsAgainWhenMoreRanksAreFree) {
  RankPool pool = pool_of(4);
  pool.begin(7, kSizes, 3);
  pool.begin(8, {2}, 1);
  EXPECT_THAT(texts(pool.prepare_joins({{0, kSizes, kLong}})), ElementsAre("1: prepare 7"));
  EXPECT_THAT(texts(pool.ready(1, 7)), ElementsAre("0: accept 01"));
  pool.join(0);
  pool.part_over(2);
  pool.part_over(3);
  EXPECT_THAT(texts(pool.prepare_joins({{0, kSizes, kLong}})),
              ElementsAre("2: prepare 7", "3: prepare 7"));
  pool.ready(3, 7);
  EXPECT_THAT(texts(pool.ready(2, 7)), ElementsAre("0: accept 0123"));
}

TEST(RankPoolTest, WhoWasToJoinARunThatEndsIsFreeAgainAndItsLateAnswerDoesNothing) {
  RankPool pool = being_joined();
  pool.ready(1, 7);
  EXPECT_THAT(texts(pool.end_joining(0)), ElementsAre("1: dismiss", "2: dismiss", "3: dismiss"));
  EXPECT_THAT(texts(pool.prepare_joins({{0, kSizes, kLong}})), IsEmpty());
  EXPECT_THAT(texts(pool.begin(8, kSizes, 1)), ElementsAre("2: work 8 by 23", "3: work 8 by 23"));
  EXPECT_THAT(texts(pool.ready(2, 7)), IsEmpty());
  EXPECT_THAT(texts(pool.cannot_join(3, 7)), IsEmpty());
  EXPECT_THAT(pool.ranks(2), ElementsAre(2, 3));
}

TEST(RankPoolTest, WhenOneCannotJoinNoneDoes) {
  RankPool pool = being_joined();
  pool.ready(1, 7);
  EXPECT_THAT(texts(pool.cannot_join(2, 7)), ElementsAre("1: dismiss", "3: dismiss"));
  EXPECT_THAT(texts(pool.ready(3, 7)), IsEmpty());
  EXPECT_THAT(texts(pool.prepare_joins({{0, kSizes, kLong}})), IsEmpty());  // nor later
  EXPECT_THAT(texts(pool.begin(8, kSizes, 3)), ElementsAre("1: work 8 by 1"));
}

TEST(RankPoolTest, OnlyRanksOfTheSameDeviceJoin) {
  RankPool pool({"x", "y", "x", "y"});
  pool.begin(7, {1}, 2);                        // rank 0, x
  EXPECT_THAT(texts(pool.begin(8, kSizes, 1)),  // two of y are free
              ElementsAre("1: work 8 by 13", "3: work 8 by 13"));
  EXPECT_THAT(texts(pool.prepare_joins({{0, kSizes, 1}, {1, kSizes, kLong}})), IsEmpty());
  EXPECT_THAT(texts(pool.prepare_joins({{0, kSizes, kLong}, {1, kSizes, kLong}})),
              ElementsAre("2: prepare 7"));
}

TEST(RankPoolTest, RunsThatEndSoonAreLeftAlone) {
  RankPool pool = pool_of(2);
  pool.begin(7, kSizes, 2);
  EXPECT_THAT(texts(pool.prepare_joins({{0, kSizes, kWorthJoiningSeconds - 0.1}})), IsEmpty());
}

}  // namespace
}  // namespace scgan::sweeps
