// Ranks that join or leave a run change none of its bits.
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <utility>
#include <vector>

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

TEST_F(TrainerTest, StopTakesPrecedenceOverRegrouping) {
  SoloCommunicator solo;
  TempDir folder;
  ScriptedObserver observer;
  observer.stop_at = observer.regroup_at = 2;
  Trainer trainer(spec_, kRunId, loader_, solo, at::kCPU, folder.path());
  EXPECT_EQ(trainer.train(observer), TrainOutcome::kStopped);
}

}  // namespace
}  // namespace scgan
