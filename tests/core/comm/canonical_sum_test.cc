#include "core/comm/canonical_sum.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/pow.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "core/comm/gradient_reducer.h"
#include "core/comm/solo_communicator.h"
#include "tests/support/thread_communicator.h"

namespace scgan {
namespace {

using testing::on_ranks;

// Large and small numbers of both signs, so that their sum depends on the order.
at::Tensor term(int64_t index) {
  const at::Tensor x = at::arange(64, at::kFloat);
  return (x * (index + 1) * 0.7F).sin() *
         at::pow(10.0, (x + 3 * index).remainder(9) - 4).to(at::kFloat);
}

// Direct recursive form of the specified tree: ((t0 + t1) + (t2 + t3)) + ...
at::Tensor tree_by_hand(int64_t first, int64_t count) {
  if (count == 1) return term(first);
  return tree_by_hand(first, count / 2) + tree_by_hand(first + count / 2, count / 2);
}

TEST(TreeSumTest, AddsInTheBinaryTreeOverTheOrder) {
  TreeSum sum;
  for (int64_t i = 0; i < 8; ++i) sum.push(term(i));
  EXPECT_TRUE(at::equal(sum.result(), tree_by_hand(0, 8)));
}

TEST(TreeSumTest, OrderMattersForTheseNumbers) {
  at::Tensor in_a_row = term(0);
  for (int64_t i = 1; i < 8; ++i) in_a_row = in_a_row + term(i);
  EXPECT_FALSE(at::equal(in_a_row, tree_by_hand(0, 8)));
}

TEST(TreeSumTest, LastTermInPartsHasTheSameBitsInTheSameVector) {
  for (const int64_t count : {1, 2, 4, 8}) {
    TreeSum earlier;
    const at::Tensor first = term(0);
    for (int64_t i = 0; i + 1 < count; ++i) earlier.push(i == 0 ? first : term(i));
    const at::Tensor last = count == 1 ? first : term(count - 1);
    for (const auto& [begin, elements] : {std::pair{40, 24}, {0, 33}, {33, 7}}) {
      earlier.add_part(last, begin, elements);
    }
    EXPECT_TRUE(earlier.result_with(last).is_same(first));
    EXPECT_TRUE(at::equal(first, tree_by_hand(0, count))) << count;
  }
}

class CanonicalSumTest : public ::testing::TestWithParam<int> {};

TEST_P(CanonicalSumTest, HasTheSameBitsAtAnyWorldSize) {
  const int ranks = GetParam();
  const at::Tensor expected = tree_by_hand(0, 8);
  on_ranks(ranks, [&](Communicator& communicator) {
    const int64_t share = 8 / ranks;
    TreeSum local;
    for (int64_t i = 0; i < share; ++i) local.push(term(communicator.rank() * share + i));
    at::Tensor flat = local.result();
    canonical_sum(communicator, flat);
    EXPECT_TRUE(at::equal(flat, expected));
  });
}

TEST_P(CanonicalSumTest, ReducerReturnsTheSameAndLeavesAllReduceToTheLibrary) {
  const int ranks = GetParam();
  for (const Reduction reduction : {Reduction::kCanonical, Reduction::kAllReduce}) {
    on_ranks(ranks, [&](Communicator& communicator) {
      GradientReducer reducer(communicator, reduction);
      at::Tensor flat = term(communicator.rank());
      reducer.start(flat);
      reducer.finish();
      EXPECT_TRUE(at::allclose(flat, tree_by_hand(0, ranks), 1e-4, 1e-2));
      if (reduction == Reduction::kCanonical) {
        EXPECT_TRUE(at::equal(flat, tree_by_hand(0, ranks)));
      }
    });
  }
}

INSTANTIATE_TEST_SUITE_P(WorldSizes, CanonicalSumTest, ::testing::Values(1, 2, 4, 8));

TEST(GatheredTest, ConcatenatesInRankOrder) {
  on_ranks(4, [](Communicator& communicator) {
    const at::Tensor mine = at::full({2, 3}, communicator.rank(), at::kFloat);
    const at::Tensor all = all_gather_rows(communicator, mine);
    ASSERT_EQ(all.sizes(), (std::vector<int64_t>{8, 3}));
    for (int64_t row = 0; row < 8; ++row) EXPECT_EQ(all[row][0].item<int64_t>(), row / 2);
  });
}

TEST(AnyRankTest, OneRanksFlagIsSeenByAll) {
  on_ranks(4, [](Communicator& communicator) {
    EXPECT_TRUE(any_rank(communicator, communicator.rank() == 3));
    EXPECT_FALSE(any_rank(communicator, false));
  });
}

TEST(SoloCommunicatorTest, IsAWorldOfOne) {
  SoloCommunicator solo;
  at::Tensor flat = term(1);
  canonical_sum(solo, flat);
  EXPECT_TRUE(at::equal(flat, term(1)));
  EXPECT_EQ(solo.size(), 1);
}

}  // namespace
}  // namespace scgan
