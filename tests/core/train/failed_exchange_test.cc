// An exchange between GPUs that fails ends all the same, with wrong bytes, and the host learns of
// it later (core/comm/communicator.h). Whichever exchange of a training fails, nothing that follows
// from it may be reported, scored, shown or saved.
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/data/dataset_source.h"
#include "core/train/trainer.h"
#include "tests/core/train/small_run.h"
#include "tests/support/temp_dir.h"
#include "tests/support/thread_communicator.h"

namespace scgan {
namespace {

constexpr const char* kId = "0123456789abcdef";
constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

// Operations on floating-point tensors stand for those on a GPU, all others for those on host
// memory. The one with the index `failing` and all later ones leave wrong bytes. Only confirm() and
// settle() tell: operations on host memory may begin before such an operation has ended.
class FailingCommunicator final : public Communicator {
 public:
  FailingCommunicator(Communicator& inner, std::atomic<int64_t>& operations, int64_t failing)
      : Communicator(inner.rank(), inner.size()),
        inner_(inner),
        operations_(operations),
        failing_(failing) {}

  void all_gather(const at::Tensor& mine, at::Tensor& all) override {
    perform(all, [&] { inner_.all_gather(mine, all); });
  }
  void all_to_all(const at::Tensor& shards, at::Tensor& mine) override {
    perform(mine, [&] { inner_.all_to_all(shards, mine); });
  }
  void broadcast(at::Tensor& tensor, int root) override {
    perform(tensor, [&] { inner_.broadcast(tensor, root); });
  }
  void all_reduce_sum(at::Tensor& tensor) override {
    perform(tensor, [&] { inner_.all_reduce_sum(tensor); });
  }
  void abort(const std::string& reason) override { inner_.abort(reason); }
  void confirm() override {
    is_known_ = is_known_ || operations_ > failing_;
    throw_if_known();
  }
  void settle() override { confirm(); }

 private:
  void throw_if_known() const {
    if (is_known_) throw PeerAborted("no memory");
  }
  template <typename Work>
  void perform(at::Tensor& result, const Work& work) {
    const at::NoGradGuard no_grad;
    if (!result.is_floating_point()) {
      throw_if_known();
      work();
      return;
    }
    work();
    if (operations_++ >= failing_) result.mul_(0.5).add_(0.25);
  }

  Communicator& inner_;
  std::atomic<int64_t>& operations_;
  int64_t failing_;
  bool is_known_ = false;
};

using Tensors = std::map<std::string, at::Tensor>;

Tensors copied(const TrainState& state) {
  Tensors all;
  for (const auto& [name, tensor] : state.tensors()) all[name] = tensor.clone();
  return all;
}

// What a training gave away, by step.
struct Record {
  std::map<int64_t, StepLosses> losses;
  // The state when samples were asked for, which is also that of the checkpoint of the step.
  std::map<int64_t, Tensors> shown;
  std::map<int64_t, at::Tensor> scored;
};

// Asks for samples after each step, also after a join, for one checkpoint of each step, and for a
// join after the step `join_after`.
class RecordingObserver final : public TrainObserver {
 public:
  RecordingObserver(Record& record, int64_t join_after) : record_(record), join_(join_after) {}

  void step_done(const StepReport& report) override {
    step_ = report.step;
    record_.losses[step_] = report.losses;
  }
  BoundaryRequests at_boundary() override {
    const bool joins = step_ == join_;
    if (joins) join_ = -1;
    const bool is_new = std::exchange(asked_, step_) != step_;
    return {.checkpoint = is_new, .samples = step_ > 0, .regroup = joins};
  }
  void before_checkpoint() override {}
  void write_samples(const TrainState& state) override {
    record_.shown[state.step] = copied(state);
  }
  double score(const TrainState& state, Communicator&) override {
    record_.scored[state.step] = state.generators.values().clone();
    return 1;
  }

 private:
  Record& record_;
  int64_t join_;
  int64_t asked_ = 0;
  int64_t step_ = 0;
};

void expect_equal(const Tensors& tensors, const Tensors& expected, const std::string& what) {
  ASSERT_EQ(tensors.size(), expected.size()) << what;
  for (const auto& [name, tensor] : tensors) {
    EXPECT_TRUE(at::equal(tensor, expected.at(name))) << what << " " << name;
  }
}

class FailedExchangeTest : public ::testing::Test {
 protected:
  FailedExchangeTest() { at::set_num_threads(1); }

  struct Trained {
    Record record;  // of rank 0
    std::optional<CheckpointFolder::Loaded> checkpoint;
    Tensors state;       // at the end; empty after a failure
    int64_t operations;  // of floating-point tensors, on rank 0
    bool failed = false;
  };

  Trained trained(int64_t failing, int64_t join_after) const {
    const TempDir folder;
    Trained result;
    std::array<std::atomic<int64_t>, 2> operations{};
    try {
      testing::on_ranks(2, [&](Communicator& inner) {
        const int rank = inner.rank();
        Record of_rank;
        Record& record = rank == 0 ? result.record : of_rank;
        FailingCommunicator group(inner, operations.at(static_cast<size_t>(rank)), failing);
        const DataLoader loader(spec_, data_);
        Trainer trainer(spec_, kId, loader, group, at::kCPU, folder.path());
        RecordingObserver observer(record, join_after);
        while (trainer.train(observer) == TrainOutcome::kRegroup) trainer.regroup(group);
        if (rank == 0) result.state = copied(trainer.state());
      });
    } catch (const PeerAborted&) {
      result.failed = true;
    }
    result.operations = operations[0];
    result.checkpoint = CheckpointFolder(folder.path(), kId).load_newest();
    return result;
  }

  static void expect_right(const Trained& disturbed, const Trained& whole) {
    for (const auto& [step, losses] : disturbed.record.losses) {
      EXPECT_EQ(losses, whole.record.losses.at(step)) << "step " << step;
    }
    for (const auto& [step, tensors] : disturbed.record.shown) {
      expect_equal(tensors, whole.record.shown.at(step), "samples of step " + std::to_string(step));
    }
    for (const auto& [step, weights] : disturbed.record.scored) {
      EXPECT_TRUE(at::equal(weights, whole.record.scored.at(step))) << "score of step " << step;
    }
    if (!disturbed.checkpoint) return;
    const auto& [step, content] = *disturbed.checkpoint;
    const auto shown = whole.record.shown.find(step);
    expect_equal({content.tensors.begin(), content.tensors.end()},
                 shown == whole.record.shown.end() ? whole.state : shown->second,
                 "checkpoint of step " + std::to_string(step));
  }

  RunSpec spec_ = [] {
    RunSpec spec = testing::small_run(DiscriminatorKind::kPatch);
    spec.train.batch_size = 2;
    spec.train.steps = 2;
    spec.evaluate.every_epochs = 1;
    spec.run.check_steps = 1;
    return spec;
  }();
  Dataset data_ = DatasetSource(spec_.data).load();
};

TEST_F(FailedExchangeTest, NothingThatFollowsFromItIsGivenAway) {
  const Trained whole = trained(kNever, -1);
  ASSERT_FALSE(whole.failed);
  ASSERT_EQ(whole.record.losses.size(), 2U);
  ASSERT_EQ(whole.checkpoint->step, 2);
  for (int64_t failing = 0; failing < whole.operations; ++failing) {
    SCOPED_TRACE(::testing::Message() << "operation " << failing << " of " << whole.operations);
    const Trained disturbed = trained(failing, -1);
    EXPECT_TRUE(disturbed.failed);
    expect_right(disturbed, whole);
  }
}

// The exchanges of the join follow those of the first step and of its checkpoint.
TEST_F(FailedExchangeTest, NorFromAnExchangeOfAJoin) {
  const Trained whole = trained(kNever, 1);
  ASSERT_FALSE(whole.failed);
  const int64_t without_join = trained(kNever, -1).operations;
  const int64_t joining = whole.operations - without_join;
  ASSERT_GT(joining, 50);
  const int64_t first = without_join / 2;
  for (const int64_t failing : {first, first + 7, first + joining / 2, first + joining - 1}) {
    SCOPED_TRACE(::testing::Message() << "operation " << failing << " of " << whole.operations);
    const Trained disturbed = trained(failing, 1);
    EXPECT_TRUE(disturbed.failed);
    expect_right(disturbed, whole);
  }
}

}  // namespace
}  // namespace scgan
