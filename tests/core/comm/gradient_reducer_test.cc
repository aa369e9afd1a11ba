#include "core/comm/gradient_reducer.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <stdexcept>
#include <utility>
#include <vector>

#include "core/comm/solo_communicator.h"
#include "tests/support/thread_communicator.h"

namespace scgan {
namespace {

using testing::on_ranks;

using Parts = std::vector<std::pair<int64_t, int64_t>>;  // begin, count

// One of two ranks; the other rank always contributes the same values. run_async() runs the work on
// a thread or, as if queued on a GPU stream, at once.
class EchoCommunicator final : public Communicator {
 public:
  enum class Async { kThread, kAtOnce };
  explicit EchoCommunicator(Async beside = Async::kThread)
      : Communicator(0, 2), in_async_(beside) {}

  void all_gather(const at::Tensor&, at::Tensor&) override { throw std::logic_error("unused"); }
  void all_to_all(const at::Tensor&, at::Tensor&) override {
    throw std::runtime_error("all_to_all: rank 1 is lost");
  }
  void broadcast(at::Tensor&, int) override { throw std::logic_error("unused"); }
  void all_reduce_sum(at::Tensor& tensor) override {
    if (static_cast<int64_t>(sums.size()) == fails_at) {
      ++failures;
      throw std::runtime_error("all_reduce_sum: rank 1 is lost");
    }
    sums.emplace_back(tensor.storage_offset(), tensor.numel());
    tensor.mul_(2);
  }
  void abort(const std::string&) override { throw std::logic_error("unused"); }
  std::future<void> run_async(std::function<void()> work) override {
    if (in_async_ == Async::kThread) return Communicator::run_async(std::move(work));
    work();
    return std::async(std::launch::deferred, [] {});
  }

  Parts sums;
  int64_t fails_at = -1;  // number of sums that succeed before one fails; -1: none fails
  int64_t failures = 0;

 private:
  Async in_async_;
};

TEST(GradientReducerTest, AllReduceHandsOverTheBucketsOfTheLayoutInTheirOrder) {
  EchoCommunicator communicator;
  GradientReducer reducer(communicator, Reduction::kAllReduce, {128, 192});
  const at::Tensor flat = at::arange(100, at::kFloat);
  reducer.start(flat);
  reducer.finish();
  EXPECT_TRUE(at::equal(flat, 2 * at::arange(100, at::kFloat)));
  EXPECT_EQ(communicator.sums, (Parts{{80, 20}, {32, 48}, {0, 32}}));
}

TEST(GradientReducerTest, BucketSetsOutOnceItIsCompleteWithThoseBeforeIt) {
  EchoCommunicator communicator(EchoCommunicator::Async::kAtOnce);
  GradientReducer reducer(communicator, Reduction::kAllReduce, {128, 192});
  const at::Tensor last = at::ones({100});
  ASSERT_TRUE(reducer.takes_parts());
  EXPECT_TRUE(reducer.begin({}, last).is_same(last));
  reducer.ready(90, 10);
  EXPECT_EQ(communicator.sums, Parts());
  reducer.ready(40, 45);  // {32, 48} and {80, 20} are still incomplete
  EXPECT_EQ(communicator.sums, Parts());
  reducer.ready(85, 5);
  EXPECT_EQ(communicator.sums, (Parts{{80, 20}}));
  reducer.ready(0, 32);  // complete, but must wait for {32, 48}
  EXPECT_EQ(communicator.sums, (Parts{{80, 20}}));
  reducer.ready(32, 8);
  EXPECT_EQ(communicator.sums, (Parts{{80, 20}, {32, 48}, {0, 32}}));
  reducer.finish();
  EXPECT_TRUE(last.eq(2).all().item<bool>());
}

TEST(GradientReducerTest, FinishTakesWhatWasNeverReady) {
  EchoCommunicator communicator;
  GradientReducer reducer(communicator, Reduction::kAllReduce, {128, 192});
  const at::Tensor last = at::ones({100});
  reducer.begin({}, last);
  reducer.ready(32, 68);
  reducer.finish();
  EXPECT_TRUE(last.eq(2).all().item<bool>());
  EXPECT_EQ(communicator.sums, (Parts{{80, 20}, {32, 48}, {0, 32}}));
}

TEST(GradientReducerTest, BucketThatFailsIsThrownByFinishAndKeepsTheOthersBack) {
  for (const auto beside : {EchoCommunicator::Async::kThread, EchoCommunicator::Async::kAtOnce}) {
    EchoCommunicator communicator(beside);
    communicator.fails_at = 1;
    GradientReducer reducer(communicator, Reduction::kAllReduce, {128, 192});
    reducer.begin({}, at::ones({100}));
    for (const auto& [begin, count] : Parts{{80, 20}, {32, 48}, {0, 32}}) {
      reducer.ready(begin, count);
    }
    EXPECT_THROW(reducer.finish(), std::runtime_error);
    EXPECT_EQ(communicator.sums.size(), 1);
    EXPECT_EQ(communicator.failures, 1);

    communicator.fails_at = -1;  // the next sum succeeds
    const at::Tensor next = at::ones({100});
    reducer.start(next);
    reducer.finish();
    EXPECT_TRUE(next.eq(2).all().item<bool>());
  }
}

TEST(GradientReducerTest, FinishThrowsWhatTheTransportThrew) {
  EchoCommunicator communicator;
  GradientReducer reducer(communicator, Reduction::kCanonical);
  reducer.start(at::zeros({64}));
  EXPECT_THROW(reducer.finish(), std::runtime_error);
  reducer.finish();  // nothing is pending
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

TEST(GradientReducerTest, TakesPartsWhereAllReduceHasSomethingToDo) {
  EchoCommunicator two;
  SoloCommunicator one;
  EXPECT_FALSE(GradientReducer(two, Reduction::kCanonical).takes_parts());
  EXPECT_FALSE(GradientReducer(one, Reduction::kAllReduce).takes_parts());
}

// The sum of the numbers depends on the order; each rank completes them in a different order.
TEST(GradientReducerTest, PartsInAnyOrderHaveTheBitsOfTheWholeOnEveryRank) {
  constexpr int64_t kElements = 1000;
  constexpr int64_t kPart = 40;
  for (const int64_t terms : {1, 4}) {
    on_ranks(4, [&](Communicator& communicator) {
      const int rank = communicator.rank();
      const auto term = [&](int64_t i) {
        return (at::arange(kElements, at::kFloat) * (terms * rank + i + 1)).sin() * 1e3F;
      };
      TreeSum whole;
      for (int64_t i = 0; i < terms; ++i) whole.push(term(i));
      at::Tensor expected = whole.result();
      communicator.all_reduce_sum(expected);

      GradientReducer reducer(communicator, Reduction::kAllReduce, {64, 256});
      TreeSum earlier;
      for (int64_t i = 0; i + 1 < terms; ++i) earlier.push(term(i));
      const at::Tensor last = at::zeros({kElements});
      const at::Tensor sum = reducer.begin(earlier, last);
      const at::Tensor values = term(terms - 1);
      constexpr int64_t kParts = kElements / kPart;
      for (int64_t i = 0; i < kParts; ++i) {
        const int64_t steps[] = {1, 24, 7, 18};  // coprime to 25: each visits every part
        const int64_t begin = i * steps[rank] % kParts * kPart;
        last.narrow(0, begin, kPart).copy_(values.narrow(0, begin, kPart));
        reducer.ready(begin, kPart);
      }
      reducer.finish();
      EXPECT_TRUE(at::equal(sum, expected)) << terms;
    });
  }
}

TEST(GradientReducerTest, AllReduceInBucketsIsThePlainSumOverRanks) {
  for (const int ranks : {1, 2, 4, 8}) {
    on_ranks(ranks, [&](Communicator& communicator) {
      // The sum of whole numbers does not depend on the order.
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
