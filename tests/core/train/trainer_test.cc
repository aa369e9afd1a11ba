#include "core/train/trainer.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full_like.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/comm/solo_communicator.h"
#include "core/data/dataset_source.h"
#include "tests/core/train/small_run.h"
#include "tests/support/temp_dir.h"
#include "tests/support/thread_communicator.h"

namespace scgan {
namespace {

using testing::on_ranks;
using testing::small_run;

constexpr const char* kRunId = "0123456789abcdef";

// Requests a stop, a checkpoint or a join at the boundary after a given step.
class ScriptedObserver final : public TrainObserver {
 public:
  int64_t stop_at = std::numeric_limits<int64_t>::max();
  int64_t checkpoint_at = -1;
  // Requested only once.
  int64_t regroup_at = -1;
  std::vector<StepLosses> losses;
  std::vector<int64_t> epochs;
  std::vector<double> learning_rates;
  // Steps at which before_checkpoint() was called.
  std::vector<int64_t> saved_after;
  // What score() returns at each step; 100 at all other steps.
  std::map<int64_t, double> fid_at;
  // The generators' weights that score() saw at each step.
  std::map<int64_t, at::Tensor> shown_at;

  void step_done(const StepReport& report) override {
    step_ = report.step;
    losses.push_back(report.losses);
    epochs.push_back(report.epoch);
    learning_rates.push_back(report.learning_rate);
  }
  BoundaryRequests at_boundary() override {
    const bool join = step_ == regroup_at;
    if (join) regroup_at = -1;
    return {.stop = step_ >= stop_at, .checkpoint = step_ == checkpoint_at, .regroup = join};
  }
  void before_checkpoint() override { saved_after.push_back(step_); }
  void write_samples(const TrainState&) override {}
  double score(const TrainState& state, Communicator&) override {
    shown_at[state.step] = state.generators.values().clone();
    return fid_at.contains(state.step) ? fid_at.at(state.step) : 100;
  }

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
  TrainerTest() { at::set_num_threads(1); }  // the bits depend on the number of threads

  // With 6 images and batches of 4, an epoch has one step: 5 epochs and 1 decay epoch are 6 steps.
  RunSpec spec_ = [] {
    RunSpec spec = small_run(DiscriminatorKind::kFastGan);
    spec.train.epochs = 5;
    return spec;
  }();
  Dataset data_ = DatasetSource(spec_.data).load();
  DataLoader loader_{spec_, data_};
};

// With train.steps, the schedule has 4 + 4 epochs in 4 steps, whatever the data. An epoch of the
// data is one step.
TEST_F(TrainerTest, ReportsTheEpochOfTheDataAndTheRateOfTheSchedule) {
  spec_.train.steps = 4;
  spec_.train.epochs = spec_.train.decay_epochs = 4;
  const DataLoader loader(spec_, data_);
  ASSERT_EQ(loader.steps_per_epoch(), 1);
  SoloCommunicator solo;
  TempDir folder;
  ScriptedObserver observer;
  Trainer(spec_, kRunId, loader, solo, at::kCPU, folder.path()).train(observer);
  EXPECT_EQ(observer.epochs, (std::vector<int64_t>{1, 2, 3, 4}));
  // Epochs 1, 3, 5 and 7 of the schedule: constant up to 4, then 1 - (epoch - 4) / 5.
  const double rate = spec_.train.learning_rate;
  EXPECT_EQ(observer.learning_rates,
            (std::vector<double>{rate, rate, rate * (1 - 1.0 / 5), rate * (1 - 3.0 / 5)}));
}

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

  // On a network file system, ranks other than 0 may not see the newest files yet.
  TempDir folder, unseen;
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
    const auto& seen = communicator.rank() == 0 ? folder : unseen;
    Trainer trainer(spec_, kRunId, loader, communicator, at::kCPU, seen.path());
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

// One rank starts, a second one joins after `first` steps and two more after `second`, with moving
// average, scores and checkpoints enabled.
TEST_F(TrainerTest, RanksThatJoinChangeNoBit) {
  spec_.train.ema_decay = 0.5;
  spec_.evaluate.every_epochs = 2;
  spec_.evaluate.checkpoint = CheckpointChoice::kBest;
  const std::map<int64_t, double> scores{{2, 30.0}, {4, 20.0}, {6, 25.0}};
  SoloCommunicator solo;
  TempDir straight;
  Trainer whole(spec_, kRunId, loader_, solo, at::kCPU, straight.path());
  ScriptedObserver whole_observer;
  whole_observer.fid_at = scores;
  whole.train(whole_observer);
  const auto expected = state_of(whole);

  for (const auto& [first, second] : std::vector<std::pair<int64_t, int64_t>>{{0, 1}, {2, 5}}) {
    TempDir folder;
    testing::ThreadWorld world_of_two(2);
    on_ranks(4, [&, first = first, second = second](Communicator& four) {
      const int rank = four.rank();
      const DataLoader loader(spec_, data_);
      SoloCommunicator alone;
      Trainer trainer(spec_, kRunId, loader, alone, at::kCPU, folder.path());
      ScriptedObserver observer;
      observer.fid_at = scores;
      observer.checkpoint_at = second;  // before and after the join
      std::optional<testing::ThreadCommunicator> two;
      if (rank == 0) {
        observer.regroup_at = first;
        EXPECT_EQ(trainer.train(observer), TrainOutcome::kRegroup);
        EXPECT_EQ(trainer.state().step, first);
        observer.regroup_at = second;
      }
      if (rank < 2) {
        two.emplace(world_of_two, rank);
        trainer.regroup(*two);
        EXPECT_EQ(trainer.train(observer), TrainOutcome::kRegroup);
      }
      trainer.regroup(four);
      EXPECT_EQ(trainer.state().step, second);
      EXPECT_EQ(trainer.train(observer), TrainOutcome::kFinished);
      EXPECT_EQ(trainer.weights_step(), 4);
      const auto state = state_of(trainer);
      EXPECT_EQ(state.size(), expected.size());
      for (const auto& [name, tensor] : state) {
        EXPECT_TRUE(at::equal(tensor, expected.at(name))) << name << " on rank " << rank;
      }
      if (rank == 0) {
        EXPECT_EQ(observer.losses, whole_observer.losses);
      }
    });
  }
}

// Four ranks start; two leave after the first step and one more after the third.
TEST_F(TrainerTest, RanksThatLeaveChangeNoBit) {
  spec_.train.ema_decay = 0.5;
  SoloCommunicator solo;
  TempDir straight, folder;
  Trainer whole(spec_, kRunId, loader_, solo, at::kCPU, straight.path());
  ScriptedObserver whole_observer;
  whole.train(whole_observer);
  const auto expected = state_of(whole);

  testing::ThreadWorld world_of_two(2);
  on_ranks(4, [&](Communicator& four) {
    const int rank = four.rank();
    const DataLoader loader(spec_, data_);
    Trainer trainer(spec_, kRunId, loader, four, at::kCPU, folder.path());
    ScriptedObserver observer;
    observer.regroup_at = 1;
    EXPECT_EQ(trainer.train(observer), TrainOutcome::kRegroup);
    if (rank > 1) return;
    testing::ThreadCommunicator two(world_of_two, rank);
    trainer.regroup(two);
    observer.regroup_at = 3;
    EXPECT_EQ(trainer.train(observer), TrainOutcome::kRegroup);
    if (rank > 0) return;
    SoloCommunicator alone;
    trainer.regroup(alone);
    EXPECT_EQ(trainer.train(observer), TrainOutcome::kFinished);
    for (const auto& [name, tensor] : state_of(trainer)) {
      EXPECT_TRUE(at::equal(tensor, expected.at(name))) << name;
    }
    EXPECT_EQ(observer.losses, whole_observer.losses);
  });
}

// They are written beside the training.
TEST_F(TrainerTest, ACheckpointThatCannotBeWrittenEndsTheTraining) {
  SoloCommunicator solo;
  ScriptedObserver observer;
  observer.checkpoint_at = 1;
  Trainer trainer(spec_, kRunId, loader_, solo, at::kCPU, "/proc/none");
  try {
    trainer.train(observer);
    trainer.wait_for_checkpoint();
    FAIL() << "it is not noticed";
  } catch (const Error& problem) {
    EXPECT_EQ(problem.kind(), ErrorKind::kStorage);
    EXPECT_NE(std::string(problem.what()).find("/proc/none"), std::string::npos) << problem.what();
  }
}

TEST_F(TrainerTest, StopTakesPrecedenceOverJoin) {
  SoloCommunicator solo;
  TempDir folder;
  ScriptedObserver observer;
  observer.stop_at = observer.regroup_at = 2;
  Trainer trainer(spec_, kRunId, loader_, solo, at::kCPU, folder.path());
  EXPECT_EQ(trainer.train(observer), TrainOutcome::kStopped);
}

TEST_F(TrainerTest, FixedStepsEndTheTraining) {
  spec_.train.steps = 4;
  SoloCommunicator solo;
  TempDir folder;
  Trainer trainer(spec_, kRunId, loader_, solo, at::kCPU, folder.path());
  ScriptedObserver observer;
  trainer.train(observer);
  EXPECT_EQ(trainer.state().step, 4);
}

TEST_F(TrainerTest, MovingAverageIsScoredAndKeptWhileTrainingContinuesFromTheWeights) {
  SoloCommunicator solo;
  TempDir plain_folder;
  spec_.evaluate.every_epochs = 1;  // an epoch is one step
  Trainer plain(spec_, kRunId, loader_, solo, at::kCPU, plain_folder.path());
  ScriptedObserver plain_observer;
  plain.train(plain_observer);

  spec_.train.ema_decay = 0.5;
  TempDir folder;
  Trainer averaged(spec_, kRunId, loader_, solo, at::kCPU, folder.path());
  at::Tensor expected = averaged.state().generators.values().clone();
  ScriptedObserver observer;
  averaged.train(observer);
  EXPECT_EQ(observer.losses, plain_observer.losses);
  for (const auto& [step, weights] : plain_observer.shown_at) {
    expected = 0.5 * expected + 0.5 * weights;
    EXPECT_TRUE(at::allclose(observer.shown_at.at(step), expected, 1e-5, 1e-7)) << step;
  }
  EXPECT_TRUE(at::equal(averaged.state().generators.values(), averaged.state().ema));
}

TEST_F(TrainerTest, BestWeightsHaveTheLowestScoreAndSurviveAnyStop) {
  spec_.evaluate.every_epochs = 2;  // after steps 2, 4 and 6
  spec_.evaluate.checkpoint = CheckpointChoice::kBest;
  const std::map<int64_t, double> scores{{2, 30.0}, {4, 20.0}, {6, 25.0}};
  SoloCommunicator solo;
  TempDir straight;
  Trainer whole(spec_, kRunId, loader_, solo, at::kCPU, straight.path());
  ScriptedObserver observer;
  observer.fid_at = scores;
  whole.train(observer);
  ASSERT_EQ(observer.shown_at.size(), 3U);
  EXPECT_EQ(whole.weights_step(), 4);
  EXPECT_TRUE(at::equal(whole.state().generators.values(), observer.shown_at.at(4)));

  for (const int64_t stop : {2, 3, 5}) {
    TempDir folder;
    ScriptedObserver first;
    first.stop_at = stop;
    first.fid_at = scores;
    Trainer(spec_, kRunId, loader_, solo, at::kCPU, folder.path()).train(first);
    Trainer resumed(spec_, kRunId, loader_, solo, at::kCPU, folder.path());
    resumed.resume();
    ScriptedObserver rest;
    rest.fid_at = scores;
    resumed.train(rest);
    EXPECT_FALSE(rest.shown_at.contains(2)) << "scored twice, stopped at " << stop;
    EXPECT_EQ(resumed.weights_step(), 4);
    EXPECT_TRUE(at::equal(resumed.state().generators.values(), whole.state().generators.values()));
  }
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
  EXPECT_EQ(observer.saved_after, (std::vector<int64_t>{4, 6})) << "at the end, too";
}

// Rank 1 of 2 gets different weights; the check after the second step must detect it.
TEST_F(TrainerTest, DivergedRanksAreDetectedAtTheNextCheck) {
  TempDir folder;
  spec_.run.check_steps = 2;
  RunSpec other = spec_;
  TrainState odd(spec_, at::kCPU);
  odd.generators.values()[0] += 1;
  const auto weights = folder.path() / "odd.safetensors";
  write_safetensors(weights, odd.tensors(), {});
  other.train.initial_weights = weights;
  EXPECT_THROW(on_ranks(2,
                        [&](Communicator& communicator) {
                          const RunSpec& mine = communicator.rank() == 1 ? other : spec_;
                          const DataLoader loader(mine, data_);
                          ScriptedObserver observer;
                          Trainer trainer(mine, kRunId, loader, communicator, at::kCPU,
                                          folder.path());
                          try {
                            trainer.train(observer);
                          } catch (const Error& problem) {
                            EXPECT_EQ(problem.kind(), ErrorKind::kDevice);
                            EXPECT_EQ(trainer.state().step, 2);
                            throw;
                          }
                        }),
               Error);
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
      FAIL() << "a NaN was not detected";
    } catch (const Error& problem) {
      EXPECT_EQ(problem.kind(), ErrorKind::kNonFinite);
      EXPECT_NE(std::string(problem.what()).find("step 1"), std::string::npos) << problem.what();
    }
  }
}

}  // namespace
}  // namespace scgan
