// Trainer: trains one run from its RunSpec, and loads and saves its checkpoints.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "core/comm/communicator.h"
#include "core/comm/work_recorder.h"
#include "core/data/data_loader.h"
#include "core/model/part_window.h"
#include "core/spec/run_spec.h"
#include "core/train/checkpoint.h"
#include "core/train/checkpoint_writer.h"
#include "core/train/pending_losses.h"
#include "core/train/step_losses.h"
#include "core/train/train_state.h"

namespace scgan {

class GanStep;

struct StepReport {
  // Number of this step, from 1.
  int64_t step = 0;
  // Epoch of the data that contains this step, from 1; with train.steps not that of the schedule.
  int64_t epoch = 0;
  double learning_rate = 0;
  StepLosses losses;
  // Set only with a self-supervised loss.
  std::optional<PartWindows> windows;
};

// What an observer asks for at a step boundary.
struct BoundaryRequests {
  // Save a checkpoint and stop. A request of any rank stops all ranks; the requests below count
  // only on rank 0.
  bool stop = false;
  // Write a checkpoint.
  bool checkpoint = false;
  // Call write_samples().
  bool samples = false;
  // Return TrainOutcome::kRegroup, so that ranks can join or leave (Trainer::regroup).
  bool regroup = false;
};

// Receives the events of training, on every rank.
class TrainObserver {
 public:
  virtual ~TrainObserver() = default;
  // Called once for every step, in order. On a GPU, which may still compute a step when the host
  // has queued it, the call comes after the next step has been queued, or before whatever a
  // boundary asks for.
  virtual void step_done(const StepReport& report) = 0;
  // Called once per step boundary, before the next step.
  virtual BoundaryRequests at_boundary() = 0;
  // Called on rank 0 before every checkpoint. The observer must make its records of the steps so
  // far as durable as the checkpoint, because those steps will not run again.
  virtual void before_checkpoint() = 0;
  // The generators hold the weights that are scored (their moving average, if there is one).
  virtual void write_samples(const TrainState& state) = 0;
  // Scores the generators on the test set, every evaluate.every_epochs. Returns the FID of the
  // first direction, equal on all ranks. Collective over `communicator`.
  virtual double score(const TrainState& state, Communicator& communicator) = 0;
};

enum class TrainOutcome { kFinished, kStopped, kRegroup };

// Not thread-safe. The arguments must outlive the Trainer, a communicator until the next regroup().
class Trainer {
 public:
  // Builds the networks on `device`, equal on all ranks. Checkpoints are in `folder`; only rank 0
  // reads and writes them. `recorder` is that of GanStep.
  Trainer(const RunSpec& spec, const std::string& run_id, const DataLoader& loader,
          Communicator& communicator, c10::Device device, const std::filesystem::path& folder,
          WorkRecorder recorder = {});
  ~Trainer();

  // Resumes from the newest intact checkpoint that rank 0 sees, if there is one. The other ranks
  // may not see it yet on a network file system, so they receive rank 0's state. Returns the number
  // of steps done so far. Collective.
  int64_t resume();

  // Trains to the last step, or until the observer requests a stop or a regrouping. When finished,
  // the generators hold the final weights of the run. Throws Error(kNonFinite) on every rank when a
  // loss is not finite, Error(kDevice) when run.check_steps finds that the ranks have diverged.
  // Checkpoints are written beside the training; rank 0 throws Error(kStorage) at the next step
  // boundary if that fails. After a stop, the checkpoint is on disk. Collective.
  TrainOutcome train(TrainObserver& observer);

  // Continues the run over `communicator`, after TrainOutcome::kRegroup or in a Trainer that was
  // newly built to join the run. Rank 0 must be that of before; all others receive its state. Ranks
  // that leave the run destroy their Trainers instead. Call train() again afterwards. Collective
  // over `communicator`.
  void regroup(Communicator& communicator);

  // Waits until the last checkpoint is on disk. Throws Error(kStorage).
  void wait_for_checkpoint() { writer_.wait(); }

  int64_t total_steps() const;
  // Once training has finished, the step of the weights that the generators hold: the last one, or
  // the best one when evaluate.checkpoint is best.
  int64_t weights_step() const { return weights_step_; }
  // How often the run is scored in all: during training and at its end.
  int64_t score_count() const;
  const TrainState& state() const { return state_; }
  // The last step whose losses were read, even if they were not finite.
  const StepReport& last_step() const { return last_step_; }

 private:
  // A step whose losses have not been read.
  struct UnreadStep {
    StepReport report;
    PendingLosses losses;
  };

  void score_if_due(TrainObserver& observer);
  UnreadStep one_step();
  // Reports a step to the observer. Throws Error(kNonFinite).
  void report(UnreadStep step, TrainObserver& observer);
  // Reports the steps that have not been reported.
  void catch_up(TrainObserver& observer);
  void save_checkpoint(TrainObserver& observer);

  const RunSpec& spec_;
  const DataLoader& loader_;
  Communicator* communicator_;
  WorkRecorder recorder_;
  CheckpointFolder checkpoints_;
  CheckpointWriter writer_{checkpoints_};
  TrainState state_;
  std::unique_ptr<GanStep> step_;
  // The last step, if it has not been reported; only on a GPU.
  std::optional<UnreadStep> unread_;
  StepReport last_step_;
  int64_t saved_step_ = -1;
  int64_t weights_step_ = 0;
};

}  // namespace scgan
