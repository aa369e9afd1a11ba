#include "distributed/mpi_communicator.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/comm/canonical_sum.h"
#include "core/comm/gradient_reducer.h"
#include "distributed/communicator_factory.h"

namespace scgan::distributed {
namespace {

class MpiCommunicatorTest : public ::testing::Test {
 protected:
  MpiCommunicator communicator_{duplicate(MPI_COMM_WORLD)};
  int rank() const { return communicator_.rank(); }
  int size() const { return communicator_.size(); }
};

TEST_F(MpiCommunicatorTest, AllGatherKeepsRankOrder) {
  const at::Tensor all = all_gather_rows(communicator_, at::full({1, 2}, rank(), at::kFloat));
  for (int r = 0; r < size(); ++r) EXPECT_EQ(all[r][1].item<int>(), r);
}

TEST_F(MpiCommunicatorTest, AllToAllSendsShardIToRankI) {
  const at::Tensor shards = at::arange(size(), at::kLong) + 100 * rank();
  at::Tensor mine = at::empty({size()}, at::kLong);
  communicator_.all_to_all(shards, mine);
  for (int r = 0; r < size(); ++r) EXPECT_EQ(mine[r].item<int64_t>(), 100 * r + rank());
}

TEST_F(MpiCommunicatorTest, BroadcastTakesTheRootsValues) {
  at::Tensor tensor = at::full({5}, rank(), at::kDouble);
  communicator_.broadcast(tensor, size() - 1);
  EXPECT_TRUE(tensor.eq(size() - 1).all().item<bool>());
}

TEST_F(MpiCommunicatorTest, AllReduceSums) {
  at::Tensor tensor = at::full({7}, rank() + 1, at::kFloat);
  communicator_.all_reduce_sum(tensor);
  EXPECT_TRUE(tensor.eq(size() * (size() + 1) / 2).all().item<bool>());
}

TEST_F(MpiCommunicatorTest, CanonicalSumEqualsTheTreeByHand) {
  const auto term = [](int64_t i) { return (at::arange(1024, at::kFloat) * (i + 1)).sin() * 1e3F; };
  std::vector<at::Tensor> row;
  for (int i = 0; i < size(); ++i) row.push_back(term(i));
  while (row.size() > 1) {
    for (size_t i = 0; i < row.size() / 2; ++i) row[i] = row[2 * i] + row[2 * i + 1];
    row.resize(row.size() / 2);
  }
  at::Tensor flat = term(rank());
  canonical_sum(communicator_, flat);
  EXPECT_TRUE(at::equal(flat, row[0]));
}

TEST_F(MpiCommunicatorTest, ReducerReturnsTheTreeSumOrThePlainSumInBuckets) {
  constexpr int64_t kElements = 20000;  // integers: their sum does not depend on the order
  const at::Tensor expected = at::arange(kElements, at::kFloat) * (size() * (size() + 1) / 2);
  for (const Reduction reduction : {Reduction::kCanonical, Reduction::kAllReduce}) {
    GradientReducer reducer(communicator_, reduction, {1024, 4096});
    const at::Tensor flat = at::arange(kElements, at::kFloat) * (rank() + 1);
    reducer.start(flat);
    reducer.finish();
    EXPECT_TRUE(at::equal(flat, expected));
  }
}

TEST_F(MpiCommunicatorTest, LostPeerIsAnErrorThatNamesTheOperation) {
  if (size() == 1) GTEST_SKIP() << "needs 2 or more ranks";
  MpiCommunicator with_timeout(duplicate(MPI_COMM_WORLD), 0.2);
  at::Tensor all = at::empty({size()}, at::kFloat);
  const at::Tensor mine = at::ones({1}, at::kFloat);
  if (rank() == 0) {
    try {
      with_timeout.all_gather(mine, all);
      ADD_FAILURE() << "an absent rank went unnoticed";
    } catch (const Error& problem) {
      EXPECT_EQ(problem.kind(), ErrorKind::kCommunication);
      EXPECT_NE(std::string(problem.what()).find("all_gather"), std::string::npos);
    }
  }
  communicator_.broadcast(all, 0);  // the other ranks arrive late
  if (rank() != 0) {
    try {
      with_timeout.all_gather(mine, all);
    } catch (const Error&) {  // depends on how much of rank 0's share has arrived
    }
  }
  communicator_.broadcast(all, 0);
}

// The reason in the PeerAborted that `operation` throws, or "nothing".
std::string abort_reason_in(const std::function<void()>& operation) {
  try {
    operation();
  } catch (const PeerAborted& problem) {
    return problem.reason();
  }
  return "nothing";
}

TEST_F(MpiCommunicatorTest, AbortReachesAllRanksInEveryOperation) {
  if (size() == 1) GTEST_SKIP() << "needs 2 or more ranks";
  constexpr int64_t kMany = 1 << 20;  // exceeds what MPI sends eagerly
  for (int operation = 0; operation < 4; ++operation) {
    MpiCommunicator aborted(duplicate(MPI_COMM_WORLD));
    if (rank() == size() - 1) {
      aborted.abort("no memory");
    } else {
      at::Tensor flat = at::ones({kMany * size()});
      at::Tensor part = at::ones({kMany});
      const auto act = [&] {
        if (operation == 0) aborted.all_gather(part, flat);
        if (operation == 1) aborted.all_to_all(flat, flat);
        if (operation == 2) aborted.broadcast(flat, size() - 1);
        if (operation == 3) aborted.all_reduce_sum(flat);
      };
      EXPECT_EQ(abort_reason_in(act), "no memory") << operation;
      EXPECT_EQ(abort_reason_in(act), "no memory") << "reported only once";
      EXPECT_TRUE(aborted.broken());
    }
    // Other communicators still work.
    at::Tensor sum = at::ones({1});
    communicator_.all_reduce_sum(sum);
    EXPECT_EQ(sum.item<int>(), size());
  }
}

TEST_F(MpiCommunicatorTest, AsynchronousSumEndsWhenARankAborts) {
  if (size() == 1) GTEST_SKIP() << "needs 2 or more ranks";
  MpiCommunicator aborted(duplicate(MPI_COMM_WORLD));
  if (rank() == 0) {
    aborted.abort("no memory");
  } else {
    GradientReducer reducer(aborted, Reduction::kCanonical);
    reducer.start(at::ones({1024}));
    EXPECT_EQ(abort_reason_in([&] { reducer.finish(); }), "no memory");
  }
}

TEST_F(MpiCommunicatorTest, SeveralRanksMayAbortAtOnceWithLongReasons) {
  if (size() == 1) GTEST_SKIP() << "needs 2 or more ranks";
  MpiCommunicator aborted(duplicate(MPI_COMM_WORLD));
  const std::string reason(1 << 20, 'x');  // exceeds what MPI sends eagerly
  if (rank() != 0) {
    aborted.abort(reason);
  } else {
    at::Tensor tensor = at::ones({1});
    EXPECT_EQ(abort_reason_in([&] { aborted.all_reduce_sum(tensor); }), reason);
  }
  at::Tensor sum = at::ones({1});
  communicator_.all_reduce_sum(sum);
  EXPECT_EQ(sum.item<int>(), size());
}

int of_world(int (*query)(MPI_Comm, int*)) {
  int value = 0;
  query(MPI_COMM_WORLD, &value);
  return value;
}

TEST(RankGroupTest, HasItsMembersInOrderAndDoesNotInvolveOtherRanks) {
  const int rank = of_world(MPI_Comm_rank);
  const int size = of_world(MPI_Comm_size);
  // Groups {last}, {last, last - 1}, ...: ranks outside the group do not take part.
  for (int members = 1; members <= size; members *= 2) {
    std::vector<int> ranks;
    for (int i = 0; i < members; ++i) ranks.push_back(size - 1 - i);
    if (rank < size - members) continue;
    const auto group = make_rank_group(ranks, at::kCPU);
    EXPECT_EQ(group->size(), members);
    EXPECT_EQ(group->rank(), size - 1 - rank);
    const at::Tensor all = all_gather_rows(*group, at::full({1}, rank, at::kLong));
    for (int i = 0; i < members; ++i) EXPECT_EQ(all[i].item<int>(), size - 1 - i);
  }
}

TEST(RankGroupTest, SeveralGroupsCanBeCreatedAtOnce) {
  const int rank = of_world(MPI_Comm_rank);
  const int size = of_world(MPI_Comm_size);
  for (int round = 0; round < 20; ++round) {
    const int half = size / 2;
    const bool low = rank < half;
    std::vector<int> ranks;
    for (int i = low ? 0 : half; i < (low ? half : size); ++i) ranks.push_back(i);
    const auto group = make_rank_group(ranks, at::kCPU);
    at::Tensor sum = at::ones({3});
    group->all_reduce_sum(sum);
    EXPECT_EQ(sum[0].item<int>(), group->size());
  }
}

TEST(RankGroupTest, TextOfOneRankReachesAll) {
  MpiCommunicator all(duplicate(MPI_COMM_WORLD));
  const std::string text = all.rank() == 0 ? "ranks \x01 and more" : "other";
  EXPECT_EQ(broadcast_text(all, text, 0), "ranks \x01 and more");
  EXPECT_EQ(broadcast_text(all, all.rank() == 0 ? "" : "other", 0), "");
}

}  // namespace
}  // namespace scgan::distributed
