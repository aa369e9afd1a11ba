// Trains one run from its RunSpec: the loop between a DataLoader and a checkpoint.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "core/comm/communicator.h"
#include "core/data/data_loader.h"
#include "core/spec/run_spec.h"
#include "core/train/checkpoint.h"
#include "core/train/gan_step.h"
#include "core/train/train_state.h"

namespace scgan {

struct StepReport {
  int64_t step = 0;   // steps done, from 1
  int64_t epoch = 0;  // of this step, from 1
  double learning_rate = 0;
  StepLosses losses;
  std::optional<StepDraws> draws;  // where there is a self-supervised loss
};

// What training tells the outside, on every rank; the caller keeps what it needs.
class TrainObserver {
 public:
  virtual ~TrainObserver() = default;
  virtual void step_done(const StepReport& report) = 0;
  // Called once per step boundary; true on any rank stops training on all of them, with a
  // checkpoint.
  virtual bool stop_requested() = 0;
  // Rank 0's answers count. True: write a checkpoint (sample grids) at this step boundary.
  virtual bool checkpoint_due() = 0;
  // On rank 0, before a checkpoint is written, for whatever reason: what was made of the steps up
  // to here must be as safe as the checkpoint, since they will not be done again.
  virtual void before_checkpoint() = 0;
  virtual bool samples_due() = 0;
  // Rank 0's answer counts. True: train() gives way to a change of the ranks (Trainer::join).
  virtual bool join_due() = 0;
  // The generators hold the weights that are scored (their moving average, if there is one).
  virtual void write_samples(const TrainState& state) = 0;
  // Scores them on the test set, every evaluate.every_epochs; gives the FID of the first direction,
  // the same on all ranks. Collective over `communicator`.
  virtual double score(const TrainState& state, Communicator& communicator) = 0;
};

enum class TrainOutcome { kFinished, kStopped, kRanksJoin };

// Not thread-safe. The arguments must outlive the Trainer, a communicator until the next join().
class Trainer {
 public:
  // Builds the networks on `device`, equal on all ranks. Checkpoints live in `folder`; only rank 0
  // reads and writes them.
  Trainer(const RunSpec& spec, const std::string& run_id, const DataLoader& loader,
          Communicator& communicator, c10::Device device, const std::filesystem::path& folder);

  // Continues from the newest good checkpoint that rank 0 sees, if there is one: the others may not
  // see it yet on a network file system, and take over its state. Gives the steps done so far.
  // Collective.
  int64_t resume();

  // Trains to the last step, or until a stop or a change of the ranks is requested; finished, the
  // generators hold the weights that the run ends with. Throws Error(kNonFinite) on every rank when
  // a loss is not finite, Error(kDevice) when run.check_steps finds the ranks parted. Collective.
  TrainOutcome train(TrainObserver& observer);

  // After TrainOutcome::kRanksJoin, or newly built to join a run under way: goes on over
  // `communicator`, whose rank 0 trained the run before. All others take over its state, whatever
  // they held. Then train() again. Collective over `communicator`.
  void join(Communicator& communicator);

  int64_t total_steps() const;
  // Step of the weights that the generators hold: the last one, unless the best are kept.
  int64_t weights_step() const { return weights_step_; }
  // How often the run is scored, over its whole length: during training and at its end.
  int64_t score_count() const;
  const TrainState& state() const { return state_; }
  // The last step that was computed, also when its losses were not finite.
  const StepReport& last_step() const { return last_step_; }

 private:
  void score_if_due(TrainObserver& observer);
  StepReport one_step();
  void save_checkpoint(TrainObserver& observer);

  const RunSpec& spec_;
  const DataLoader& loader_;
  Communicator* communicator_;
  CheckpointFolder checkpoints_;
  TrainState state_;
  std::optional<GanStep> step_;
  StepReport last_step_;
  int64_t saved_step_ = -1;
  int64_t weights_step_ = 0;
};

}  // namespace scgan
