// A training step that a WorkRecorder has recorded; tests/distributed/gpu_graph_test.cc records on
// a GPU.
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <stdexcept>
#include <vector>

#include "core/comm/solo_communicator.h"
#include "core/data/dataset_source.h"
#include "core/train/gan_step.h"
#include "tests/core/train/small_run.h"

namespace scgan {
namespace {

constexpr int64_t kRecordedTestSteps = 6;

class RecordedStepTest : public ::testing::TestWithParam<DiscriminatorKind> {
 protected:
  RecordedStepTest() {
    at::set_num_threads(1);  // the bits depend on the number of threads
    spec_ = testing::small_run(GetParam());
    spec_.model.diffaug = {"color", "translation", "cutout"};
    spec_.loss.ssl_warmup_steps = 20;
    spec_.train.ema_decay = 0.9;
    spec_.train.micro_batch = 2;
    spec_.train.pool_size = 18;  // full in the middle of the fifth batch of 4
    data_ = DatasetSource(spec_.data).load();
    usual_.emplace(spec_, at::kCPU);
    losses_of(*usual_, {}, &expected_);
  }

  // Trains `state`. The learning rate falls with every step.
  void losses_of(TrainState& state, const WorkRecorder& recorder, std::vector<StepLosses>* losses) {
    const DataLoader loader(spec_, data_);
    GanStep step(spec_, state, solo_, recorder);
    for (int64_t i = 0; i < kRecordedTestSteps; ++i) {
      losses->push_back(step.run(loader.batch(i), 1e-3 / static_cast<double>(i + 1)).get());
    }
  }

  // Training with `recorder` has the results of training without one.
  void expect_usual_results(const WorkRecorder& recorder) {
    TrainState state(spec_, at::kCPU);
    std::vector<StepLosses> losses;
    losses_of(state, recorder, &losses);
    EXPECT_EQ(losses, expected_);
    EXPECT_EQ(state.counters(), usual_->counters());
    const NamedTensors tensors = state.tensors();
    const NamedTensors usual = usual_->tensors();
    ASSERT_EQ(tensors.size(), usual.size());
    for (size_t i = 0; i < usual.size(); ++i) {
      EXPECT_TRUE(at::equal(tensors[i].second, usual[i].second)) << usual[i].first;
    }
  }

  RunSpec spec_;
  Dataset data_;
  SoloCommunicator solo_;
  std::optional<TrainState> usual_;
  std::vector<StepLosses> expected_;
};

// On a CPU, what a recorder returns can call the work again.
TEST_P(RecordedStepTest, ARepeatedStepHasTheBitsOfAUsualOne) {
  int recorded = 0;
  int repeated = 0;
  const WorkRecorder again = [&](const std::function<void()>& work) {
    ++recorded;
    return [&repeated, work] {
      ++repeated;
      work();
    };
  };
  expect_usual_results(again);
  EXPECT_EQ(recorded, 0) << "without run.cuda_graph";
  spec_.run.cuda_graph = true;
  expect_usual_results(again);
  EXPECT_EQ(recorded, 1);
  EXPECT_EQ(repeated, kRecordedTestSteps - 3) << "after three usual steps";
}

TEST_P(RecordedStepTest, AStepThatCannotBeRecordedRunsAsUsual) {
  spec_.run.cuda_graph = true;
  int tried = 0;
  expect_usual_results([&](const std::function<void()>&) -> std::function<void()> {
    ++tried;
    throw std::runtime_error("no recording here");
  });
  EXPECT_EQ(tried, 1);
}

INSTANTIATE_TEST_SUITE_P(Discriminators, RecordedStepTest,
                         ::testing::Values(DiscriminatorKind::kPatch, DiscriminatorKind::kFastGan),
                         [](const auto& test) {
                           return test.param == DiscriminatorKind::kPatch ? "Patch" : "FastGan";
                         });

}  // namespace
}  // namespace scgan
