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

struct OrderText {
  std::string operator()(const order::StartRun& o) const {
    return "start " + std::to_string(o.run) + " by " + text(o.ranks);
  }
  std::string operator()(const order::PrepareJoin& o) const {
    return "prepare " + std::to_string(o.run);
  }
  std::string operator()(const order::Join& o) const { return "join " + text(o.ranks); }
  std::string operator()(const order::Regroup& o) const { return "regroup " + text(o.ranks); }
  std::string operator()(const order::CancelJoin&) const { return "cancel"; }
  std::string operator()(const order::StopRun&) const { return "stop"; }
  std::string operator()(const order::Exit&) const { return "exit"; }
};

// "2: prepare 0" for each order.
std::vector<std::string> texts(const RankPool::Orders& orders) {
  std::vector<std::string> all;
  for (const auto& [rank, order] : orders) {
    all.push_back(std::to_string(rank) + ": " + std::visit(OrderText{}, order));
  }
  return all;
}

RankPool pool_of(int ranks) { return RankPool(Devices(static_cast<size_t>(ranks), "x")); }

// Run 7 on rank 0; ranks 1 to 3 prepare to join it.
RankPool pool_with_joins() {
  RankPool pool = pool_of(4);
  pool.start_run(7, kSizes, 1);
  EXPECT_THAT(texts(pool.regroup({{0, kSizes, kLong}})),
              ElementsAre("1: prepare 7", "2: prepare 7", "3: prepare 7"));
  return pool;
}

TEST(RankPoolTest, RunsStartOnFreeRanksUntilNoneIsLeft) {
  RankPool pool = pool_of(3);
  EXPECT_TRUE(pool.idle());
  EXPECT_THAT(texts(pool.start_run(4, kSizes, 1)), ElementsAre("0: start 4 by 0"));
  EXPECT_THAT(texts(pool.start_run(5, kSizes, 2)),
              ElementsAre("1: start 5 by 12", "2: start 5 by 12"));
  EXPECT_THAT(texts(pool.start_run(6, kSizes, 2)), IsEmpty());
  EXPECT_FALSE(pool.idle());
  EXPECT_EQ(pool.leader_of(2), 1);
}

TEST(RankPoolTest, RanksBecomeFreeTogetherWhenAllHaveLeftTheRun) {
  RankPool pool = pool_of(2);
  pool.start_run(4, kSizes, 2);
  EXPECT_EQ(pool.leave_run(0).ended, std::nullopt);
  EXPECT_THAT(texts(pool.start_run(5, kSizes, 2)), IsEmpty());
  EXPECT_EQ(pool.leave_run(1).ended, 0);
  EXPECT_TRUE(pool.idle());
  EXPECT_THAT(texts(pool.start_run(5, kSizes, 2)),
              ElementsAre("0: start 5 by 01", "1: start 5 by 01"));
  EXPECT_THROW(pool_of(1).leave_run(0), Error);
}

TEST(RankPoolTest, LeaderGetsItsOrderWhenAllAreReadyAndThenTheyJoin) {
  RankPool pool = pool_with_joins();
  EXPECT_THAT(texts(pool.regroup({{0, kSizes, kLong}})), IsEmpty());  // once at a time
  EXPECT_THAT(texts(pool.join_ready(2, 7)), IsEmpty());
  EXPECT_THAT(texts(pool.join_ready(1, 7)), IsEmpty());
  EXPECT_THAT(texts(pool.join_ready(3, 7)), ElementsAre("0: regroup 0123"));
  EXPECT_EQ(pool.leader_of(3), std::nullopt);
  EXPECT_THAT(texts(pool.regrouped(0)),
              ElementsAre("1: join 0123", "2: join 0123", "3: join 0123"));
  EXPECT_THAT(pool.ranks(0), ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(pool.leader_of(3), 0);
  for (const int rank : {3, 0, 1}) EXPECT_EQ(pool.leave_run(rank).ended, std::nullopt);
  EXPECT_EQ(pool.leave_run(2).ended, 0);
}

TEST(RankPoolTest, GroupGrowsAgainWhenMoreRanksAreFree) {
  RankPool pool = pool_of(4);
  pool.start_run(7, kSizes, 1);
  pool.start_run(8, {2}, 2);
  EXPECT_THAT(texts(pool.regroup({{0, kSizes, kLong}})), ElementsAre("1: prepare 7"));
  EXPECT_THAT(texts(pool.join_ready(1, 7)), ElementsAre("0: regroup 01"));
  pool.regrouped(0);
  pool.leave_run(2);
  pool.leave_run(3);
  EXPECT_THAT(texts(pool.regroup({{0, kSizes, kLong}})),
              ElementsAre("2: prepare 7", "3: prepare 7"));
  pool.join_ready(3, 7);
  EXPECT_THAT(texts(pool.join_ready(2, 7)), ElementsAre("0: regroup 0123"));
}

TEST(RankPoolTest, RanksThatPrepareForARunThatEndsBecomeFreeAndTheirLateAnswersAreIgnored) {
  RankPool pool = pool_with_joins();
  pool.join_ready(1, 7);
  EXPECT_THAT(texts(pool.end_joining(0)), ElementsAre("1: cancel", "2: cancel", "3: cancel"));
  EXPECT_THAT(texts(pool.regroup({{0, kSizes, kLong}})), IsEmpty());
  EXPECT_THAT(texts(pool.start_run(8, kSizes, 2)),
              ElementsAre("2: start 8 by 23", "3: start 8 by 23"));
  EXPECT_THAT(texts(pool.join_ready(2, 7)), IsEmpty());
  EXPECT_THAT(texts(pool.join_failed(3, 7)), IsEmpty());
  EXPECT_THAT(pool.ranks(2), ElementsAre(2, 3));
}

TEST(RankPoolTest, WhenOneCannotJoinNoneJoins) {
  RankPool pool = pool_with_joins();
  pool.join_ready(1, 7);
  EXPECT_THAT(texts(pool.join_failed(2, 7)), ElementsAre("1: cancel", "3: cancel"));
  EXPECT_THAT(texts(pool.join_ready(3, 7)), IsEmpty());
  EXPECT_THAT(texts(pool.regroup({{0, kSizes, kLong}})), IsEmpty());  // nor later
  EXPECT_THAT(texts(pool.start_run(8, kSizes, 1)), ElementsAre("1: start 8 by 1"));
}

// Run 7 on ranks 0 to 3 ends soon; half of them leave it to join run 8 on ranks 4 and 5.
RankPool pool_with_moves() {
  RankPool pool = pool_of(6);
  pool.start_run(7, kSizes, 4);
  pool.start_run(8, kSizes, 2);
  EXPECT_THAT(texts(pool.regroup({{0, kSizes, 90}, {4, kSizes, 240}})),
              ElementsAre("0: regroup 01"));
  return pool;
}

TEST(RankPoolTest, RanksLeaveARunToJoinAnother) {
  RankPool pool = pool_with_moves();
  EXPECT_THAT(texts(pool.leave_run(3).orders), ElementsAre("3: prepare 8"));
  EXPECT_EQ(pool.leader_of(3), std::nullopt);
  EXPECT_THAT(texts(pool.join_ready(3, 8)), IsEmpty());
  EXPECT_THAT(texts(pool.regrouped(0)), IsEmpty());
  EXPECT_THAT(texts(pool.leave_run(2).orders), ElementsAre("2: prepare 8"));
  EXPECT_THAT(pool.ranks(0), ElementsAre(0, 1));
  EXPECT_THAT(texts(pool.join_ready(2, 8)), ElementsAre("4: regroup 4523"));
  EXPECT_THAT(texts(pool.regrouped(4)), ElementsAre("2: join 4523", "3: join 4523"));
  EXPECT_FALSE(pool.has_free_ranks());
  EXPECT_EQ(pool.leave_run(0).ended, std::nullopt);
  EXPECT_EQ(pool.leave_run(1).ended, 0);
}

// Neither of the two runs, before its leader and its ranks have changed.
TEST(RankPoolTest, AGroupChangesOnceAtATime) {
  RankPool pool = pool_with_moves();
  const std::vector<RankPool::Candidate> opposite{{0, kSizes, 240}, {4, kSizes, 90}};
  EXPECT_THAT(texts(pool.regroup(opposite)), IsEmpty());
  pool.leave_run(2);
  pool.leave_run(3);
  EXPECT_THAT(texts(pool.regroup(opposite)), IsEmpty());
  pool.regrouped(0);
  EXPECT_THAT(texts(pool.regroup(opposite)), IsEmpty());
  pool.join_ready(2, 8);
  pool.join_ready(3, 8);
  pool.regrouped(4);
  EXPECT_THAT(texts(pool.regroup(opposite)), ElementsAre("4: regroup 45"));
}

TEST(RankPoolTest, RanksThatLeaveForARunThatEndsBecomeFree) {
  RankPool pool = pool_with_moves();
  EXPECT_THAT(texts(pool.leave_run(3).orders), ElementsAre("3: prepare 8"));
  EXPECT_THAT(texts(pool.end_joining(4)), ElementsAre("3: cancel"));
  EXPECT_EQ(pool.free_rank_count(), 1);
  EXPECT_THAT(texts(pool.leave_run(2).orders), IsEmpty());
  EXPECT_EQ(pool.free_rank_count(), 2);
}

// Its leader reads the order too late.
TEST(RankPoolTest, RanksAlsoMoveIfTheirRunEndsFirst) {
  RankPool pool = pool_with_moves();
  for (const int rank : {1, 0}) EXPECT_EQ(pool.leave_run(rank).ended, std::nullopt);
  EXPECT_THAT(texts(pool.leave_run(2).orders), ElementsAre("2: prepare 8"));
  const auto [ended, orders] = pool.leave_run(3);
  EXPECT_EQ(ended, 0);
  EXPECT_THAT(texts(orders), ElementsAre("3: prepare 8"));
  EXPECT_EQ(pool.free_rank_count(), 2);
}

TEST(RankPoolTest, OnlyRanksOfTheSameDeviceJoin) {
  RankPool pool({"x", "y", "x", "y"});
  pool.start_run(7, {1}, 1);                        // rank 0, x
  EXPECT_THAT(texts(pool.start_run(8, kSizes, 2)),  // two of y are free
              ElementsAre("1: start 8 by 13", "3: start 8 by 13"));
  EXPECT_THAT(texts(pool.regroup({{0, kSizes, 1}, {1, kSizes, kLong}})), IsEmpty());
  EXPECT_THAT(texts(pool.regroup({{0, kSizes, kLong}, {1, kSizes, kLong}})),
              ElementsAre("2: prepare 7"));
}

TEST(RankPoolTest, RunsThatEndSoonAreNotJoined) {
  RankPool pool = pool_of(2);
  pool.start_run(7, kSizes, 1);
  EXPECT_THAT(texts(pool.regroup({{0, kSizes, kWorthJoiningSeconds - 0.1}})), IsEmpty());
}

}  // namespace
}  // namespace scgan::sweeps
