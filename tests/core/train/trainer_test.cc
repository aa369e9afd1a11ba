#include "core/train/trainer.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full_like.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/comm/solo_communicator.h"
#include "tests/core/train/trainer_fixture.h"
#include "tests/support/temp_dir.h"
#include "tests/support/thread_communicator.h"

namespace scgan {
namespace {

using testing::kRunId;
using testing::on_ranks;
using testing::ScriptedObserver;
using testing::state_of;
using testing::TrainerTest;

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
