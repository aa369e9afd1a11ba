#include "core/comm/gradient_reducer.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <utility>
#include <vector>

#include "tests/support/thread_communicator.h"

namespace scgan {
namespace {

using testing::on_ranks;

// One of two ranks, whose partner always offers the same as it does.
class EchoCommunicator final : public Communicator {
 public:
  EchoCommunicator() : Communicator(0, 2) {}

  void all_gather(const at::Tensor&, at::Tensor&) override { throw std::logic_error("unused"); }
  void all_to_all(const at::Tensor&, at::Tensor&) override {
    throw std::runtime_error("all_to_all: rank 1 is lost");
  }
  void broadcast(at::Tensor&, int) override { throw std::logic_error("unused"); }
  void all_reduce_sum(at::Tensor& tensor) override {
    sums.emplace_back(tensor.storage_offset(), tensor.numel());
    tensor.mul_(2);
  }

  std::vector<std::pair<int64_t, int64_t>> sums;  // offset, elements
};

TEST(GradientReducerTest, AllReduceHandsOverTheBucketsOfTheLayoutInTheirOrder) {
  EchoCommunicator communicator;
  GradientReducer reducer(communicator, Reduction::kAllReduce, {128, 192});
  const at::Tensor flat = at::arange(100, at::kFloat);
  reducer.start(flat);
  reducer.finish();
  EXPECT_TRUE(at::equal(flat, 2 * at::arange(100, at::kFloat)));
  EXPECT_EQ(communicator.sums,
            (std::vector<std::pair<int64_t, int64_t>>{{80, 20}, {32, 48}, {0, 32}}));
}

TEST(GradientReducerTest, FinishThrowsWhatTheTransportThrew) {
  EchoCommunicator communicator;
  GradientReducer reducer(communicator, Reduction::kCanonical);
  reducer.start(at::zeros({64}));
  EXPECT_THROW(reducer.finish(), std::runtime_error);
  reducer.finish();  // nothing is left to wait for
}

TEST(GradientReducerTest, UnfinishedSumEndsBeforeTheReducerDoes) {
  EchoCommunicator communicator;
  const at::Tensor flat = at::ones({4096});
  {
    GradientReducer reducer(communicator, Reduction::kAllReduce, {64, 64});
    reducer.start(flat);
  }
  EXPECT_TRUE(flat.eq(2).all().item<bool>());
}

TEST(GradientReducerTest, AllReduceInBucketsIsThePlainSumOverRanks) {
  for (const int ranks : {1, 2, 4, 8}) {
    on_ranks(ranks, [&](Communicator& communicator) {
      // Whole numbers: their sum does not depend on the order.
      const at::Tensor flat = at::arange(1000, at::kFloat) * (communicator.rank() + 1);
      GradientReducer reducer(communicator, Reduction::kAllReduce, {64, 256});
      reducer.start(flat);
      reducer.finish();
      const int64_t factor = ranks * (ranks + 1) / 2;
      EXPECT_TRUE(at::equal(flat, at::arange(1000, at::kFloat) * factor)) << ranks;
    });
  }
}

}  // namespace
}  // namespace scgan
