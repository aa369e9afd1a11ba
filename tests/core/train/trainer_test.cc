#include "core/train/trainer.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/comm/solo_communicator.h"
#include "tests/core/train/small_run.h"
#include "tests/support/temp_dir.h"
#include "tests/support/thread_communicator.h"

namespace scgan {
namespace {

using testing::on_ranks;
using testing::small_run;

constexpr const char* kRunId = "0123456789abcdef";

// Stops, or asks for a checkpoint, before the step after `at`.
class ScriptedObserver final : public TrainObserver {
 public:
  int64_t stop_at = std::numeric_limits<int64_t>::max();
  int64_t checkpoint_at = -1;
  std::vector<std::array<double, 10>> losses;

  void step_done(const StepReport& report) override {
    step_ = report.step;
    losses.push_back(report.losses.values());
  }
  bool stop_requested() override { return step_ >= stop_at; }
  bool checkpoint_due() override { return step_ == checkpoint_at; }
  bool samples_due() override { return false; }
  void write_samples(const TrainState&) override {}

 private:
  int64_t step_ = 0;
};

std::map<std::string, at::Tensor> state_of(const Trainer& trainer) {
  std::map<std::string, at::Tensor> all;
  for (const auto& [name, tensor] : trainer.state().tensors()) all[name] = tensor.clone();
  return all;
}

class TrainerTest : public ::testing::Test {
 protected:
  TrainerTest() { at::set_num_threads(1); }  // part of the bits

  // Two epochs of one step and one of decay: 3 steps, from 6 images and batches of 4. Six steps
  // with `epochs` 5.
  RunSpec spec_ = [] {
    RunSpec spec = small_run(DiscriminatorKind::kFastGan);
    spec.train.epochs = 5;
    return spec;
  }();
  DataSet data_ = load_data(spec_.data);
  DataLoader loader_{spec_, data_};
};

TEST_F(TrainerTest, StoppedAndResumedEqualsUninterrupted) {
  SoloCommunicator solo;
  TempDir straight;
  Trainer whole(spec_, kRunId, loader_, solo, at::kCPU, straight.path());
  ScriptedObserver whole_observer;
  EXPECT_EQ(whole.train(whole_observer), TrainOutcome::kFinished);
  ASSERT_EQ(whole.state().step, 6);
  const auto expected = state_of(whole);

  for (int64_t stop = 1; stop < 6; ++stop) {
    TempDir folder;
    ScriptedObserver first;
    first.stop_at = stop;
    Trainer begun(spec_, kRunId, loader_, solo, at::kCPU, folder.path());
    EXPECT_EQ(begun.train(first), TrainOutcome::kStopped);
    Trainer resumed(spec_, kRunId, loader_, solo, at::kCPU, folder.path());
    EXPECT_EQ(resumed.resume(), stop);
    ScriptedObserver rest;
    EXPECT_EQ(resumed.train(rest), TrainOutcome::kFinished);
    for (const auto& [name, tensor] : state_of(resumed)) {
      EXPECT_TRUE(at::equal(tensor, expected.at(name))) << name << " stopped at " << stop;
    }
    EXPECT_EQ(rest.losses.back(), whole_observer.losses.back());
  }
}

TEST_F(TrainerTest, ResumesWithAnotherNumberOfRanks) {
  SoloCommunicator solo;
  TempDir straight;
  Trainer whole(spec_, kRunId, loader_, solo, at::kCPU, straight.path());
  ScriptedObserver ignored;
  whole.train(ignored);
  const auto expected = state_of(whole);

  TempDir folder;
  on_ranks(2, [&](Communicator& communicator) {
    const DataLoader loader(spec_, data_);
    ScriptedObserver first;
    first.stop_at = 2;
    Trainer(spec_, kRunId, loader, communicator, at::kCPU, folder.path()).train(first);
  });
  on_ranks(4, [&](Communicator& communicator) {
    ScriptedObserver second;
    second.stop_at = 4;
    const DataLoader loader(spec_, data_);
    Trainer trainer(spec_, kRunId, loader, communicator, at::kCPU, folder.path());
    EXPECT_EQ(trainer.resume(), 2);
    trainer.train(second);
  });
  Trainer last(spec_, kRunId, loader_, solo, at::kCPU, folder.path());
  EXPECT_EQ(last.resume(), 4);
  ScriptedObserver rest;
  last.train(rest);
  for (const auto& [name, tensor] : state_of(last))
    EXPECT_TRUE(at::equal(tensor, expected.at(name))) << name;
}

TEST_F(TrainerTest, OneRanksStopStopsAll) {
  TempDir folder;
  on_ranks(2, [&](Communicator& communicator) {
    ScriptedObserver observer;
    if (communicator.rank() == 1) observer.stop_at = 3;
    const DataLoader loader(spec_, data_);
    Trainer trainer(spec_, kRunId, loader, communicator, at::kCPU, folder.path());
    EXPECT_EQ(trainer.train(observer), TrainOutcome::kStopped);
    EXPECT_EQ(trainer.state().step, 3);
  });
  EXPECT_EQ(CheckpointFolder(folder.path(), kRunId).newest_step(), 3);
}

TEST_F(TrainerTest, CheckpointIsWrittenWhenDue) {
  SoloCommunicator solo;
  TempDir folder;
  ScriptedObserver observer;
  observer.checkpoint_at = 4;
  Trainer(spec_, kRunId, loader_, solo, at::kCPU, folder.path()).train(observer);
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "checkpoint-00000004.json"));
}

TEST_F(TrainerTest, NonFiniteLossEndsTheRunOnEveryRank) {
  spec_.train.learning_rate = 10;
  spec_.loss.lambda_a = 1e6;
  data_.train_a.images = at::full_like(data_.train_a.images, std::nan(""), at::kFloat);
  for (const int ranks : {1, 2}) {
    TempDir folder;
    try {
      on_ranks(ranks, [&](Communicator& communicator) {
        const DataLoader loader(spec_, data_);
        ScriptedObserver observer;
        Trainer(spec_, kRunId, loader, communicator, at::kCPU, folder.path()).train(observer);
      });
      FAIL() << "a NaN went unnoticed";
    } catch (const Error& problem) {
      EXPECT_EQ(problem.kind(), ErrorKind::kNonFinite);
      EXPECT_NE(std::string(problem.what()).find("step 1"), std::string::npos) << problem.what();
    }
  }
}

}  // namespace
}  // namespace scgan
