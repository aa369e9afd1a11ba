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
  virtual bool samples_due() = 0;
  // The generators hold the weights that are scored (their moving average, if there is one).
  virtual void write_samples(const TrainState& state) = 0;
  // Scores them on the test set, every evaluate.every_epochs; gives the FID of the first direction,
  // the same on all ranks. Collective.
  virtual double score(const TrainState& state) = 0;
};

enum class TrainOutcome { kFinished, kStopped };

class Trainer {  // Not thread-safe. The arguments must outlive the Trainer.
 public:
  // Builds the networks on `device`, equal on all ranks. Checkpoints live in `folder`, which all
  // ranks can read.
  Trainer(const RunSpec& spec, const std::string& run_id, const DataLoader& loader,
          Communicator& communicator, c10::Device device, const std::filesystem::path& folder);

  // Continues from the newest good checkpoint, if there is one; gives the steps done so far.
  // Collective.
  int64_t resume();

  // Trains to the last step, or until a stop is requested; finished, the generators hold the
  // weights that the run ends with. Throws Error(kNonFinite) on every rank when a loss is not
  // finite, Error(kDevice) when run.check_steps finds the ranks parted. Collective.
  TrainOutcome train(TrainObserver& observer);

  int64_t total_steps() const;
  // Step of the weights that the generators hold: the last one, unless the best are kept.
  int64_t weights_step() const { return weights_step_; }
  // How often the run is scored, over its whole length: during training and at its end.
  int64_t scores() const;
  const TrainState& state() const { return state_; }

 private:
  void score_if_due(TrainObserver& observer);
  StepReport one_step();
  void save_checkpoint();

  const RunSpec& spec_;
  const DataLoader& loader_;
  Communicator& communicator_;
  CheckpointFolder checkpoints_;
  TrainState state_;
  GanStep step_;
  int64_t saved_step_ = -1;
  int64_t weights_step_ = 0;
};

}  // namespace scgan
