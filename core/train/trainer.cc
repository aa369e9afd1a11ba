#include "core/train/trainer.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/full.h>
#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "core/base/error.h"
#include "core/train/divergence_check.h"
#include "core/train/gan_step.h"
#include "core/train/lr_schedule.h"
#include "core/train/state_exchange.h"
#include "core/train/training_input.h"

namespace scgan {
namespace {

constexpr int64_t kStopBit = 1, kCheckpointBit = 2, kSamplesBit = 4, kRegroupBit = 8;

int64_t to_bits(const BoundaryRequests& requests) {
  return (requests.stop ? kStopBit : 0) | (requests.checkpoint ? kCheckpointBit : 0) |
         (requests.samples ? kSamplesBit : 0) | (requests.regroup ? kRegroupBit : 0);
}

BoundaryRequests from_bits(int64_t bits) {
  return {.stop = (bits & kStopBit) != 0,
          .checkpoint = (bits & kCheckpointBit) != 0,
          .samples = (bits & kSamplesBit) != 0,
          .regroup = (bits & kRegroupBit) != 0};
}

// Returns the requests that all ranks act on: those of rank 0, and a stop if any rank requests one.
BoundaryRequests agree(Communicator& communicator, const BoundaryRequests& mine) {
  if (communicator.size() == 1) return mine;
  const at::Tensor all = all_gather_rows(communicator, at::full({1}, to_bits(mine), at::kLong));
  BoundaryRequests agreed = from_bits(all[0].item<int64_t>());
  for (int64_t rank = 1; rank < all.size(0); ++rank) {
    agreed.stop |= from_bits(all[rank].item<int64_t>()).stop;
  }
  return agreed;
}

void require_finite(const StepReport& report) {
  for (const auto& [loss, name] : kLosses) {
    const double value = report.losses[loss];
    if (std::isfinite(value)) continue;
    throw Error(ErrorKind::kNonFinite,
                fmt::format("loss {} is {} at step {}", name, value, report.step));
  }
}

}  // namespace

Trainer::Trainer(const RunSpec& spec, const std::string& run_id, const DataLoader& loader,
                 Communicator& communicator, c10::Device device,
                 const std::filesystem::path& folder, WorkRecorder recorder)
    : spec_(spec),
      loader_(loader),
      communicator_(&communicator),
      recorder_(std::move(recorder)),
      checkpoints_(
          folder, run_id,
          {{kGeneratorInputKey, to_json_text(training_input(spec.data, loader.dataset()))}}),
      state_(spec, device),
      step_(std::make_unique<GanStep>(spec, state_, communicator, recorder_)) {}

Trainer::~Trainer() = default;

void Trainer::regroup(Communicator& communicator) {
  communicator_ = &communicator;
  step_ = std::make_unique<GanStep>(spec_, state_, communicator, recorder_);
  share_state(state_, communicator);
  saved_step_ = -1;  // must be equal on all ranks, because saving is collective
}

int64_t Trainer::total_steps() const {
  return scgan::total_steps(spec_.train, loader_.steps_per_epoch());
}

int64_t Trainer::score_count() const {
  const int64_t interval = spec_.evaluate.every_epochs * loader_.steps_per_epoch();
  return interval == 0 ? 1 : (total_steps() + interval - 1) / interval;
}

int64_t Trainer::resume() {
  at::Tensor step = at::full({1}, -1, at::kLong);  // the step of the checkpoint
  if (communicator_->rank() == 0) {
    if (const auto newest = checkpoints_.load_newest()) {
      state_.restore(newest->content.tensors, newest->content.metadata);
      step.fill_(state_.step);
    }
  }
  communicator_->broadcast(step, 0);
  if (const auto found = step.item<int64_t>(); found >= 0) {
    share_state(state_, *communicator_);
    saved_step_ = found;
  }
  return state_.step;
}

TrainOutcome Trainer::train(TrainObserver& observer) {
  while (state_.step < total_steps()) {
    writer_.check();
    score_if_due(observer);
    const BoundaryRequests agreed = agree(*communicator_, observer.at_boundary());
    if (to_bits(agreed) != 0) catch_up(observer);
    if (agreed.checkpoint || agreed.stop) save_checkpoint(observer);
    if (agreed.samples) {
      const ScopedEvalWeights shown(state_);
      observer.write_samples(state_);
    }
    if (agreed.stop) {
      writer_.wait();
      return TrainOutcome::kStopped;
    }
    if (agreed.regroup) {
      step_->collect_discriminators();
      return TrainOutcome::kRegroup;
    }
    // A GPU must not wait for the host: the losses of a step are read when the next one is queued.
    std::optional<UnreadStep> earlier = std::exchange(unread_, one_step());
    if (earlier) report(std::move(*earlier), observer);
    if (state_.generators.values().is_cpu()) catch_up(observer);
    const int64_t interval = spec_.run.check_steps;
    if (interval > 0 && state_.step % interval == 0) {
      catch_up(observer);
      require_equal_states(state_, *communicator_);
    }
  }
  catch_up(observer);
  step_->drop_recording();  // scoring needs memory
  score_if_due(observer);
  save_checkpoint(observer);  // the scoring that follows may be interrupted
  writer_.wait();
  weights_step_ = state_.adopt_final_weights();
  return TrainOutcome::kFinished;
}

void Trainer::score_if_due(TrainObserver& observer) {
  const int64_t interval = spec_.evaluate.every_epochs * loader_.steps_per_epoch();
  if (interval == 0 || state_.step == 0 || state_.step == state_.scored_step) return;
  if (state_.step % interval != 0 && state_.step != total_steps()) return;
  catch_up(observer);
  double fid = 0;
  {
    const ScopedEvalWeights shown(state_);
    fid = observer.score(state_, *communicator_);
  }
  state_.add_score(fid);
}

Trainer::UnreadStep Trainer::one_step() {
  const int64_t steps_per_epoch = loader_.steps_per_epoch();
  const int64_t epoch = state_.step / steps_per_epoch + 1;
  const int64_t of_schedule = schedule_epoch(spec_.train, state_.step, steps_per_epoch);
  const double rate = spec_.train.learning_rate * learning_rate_factor(spec_.train, of_schedule);
  std::optional<PartWindows> windows;
  if (has_ssl(spec_)) windows = part_windows(spec_, state_.step);
  PendingLosses losses = step_->run(loader_.batch(state_.step), rate);
  return {{state_.step, epoch, rate, {}, windows}, std::move(losses)};
}

void Trainer::report(UnreadStep step, TrainObserver& observer) {
  last_step_ = step.report;
  last_step_.losses = step.losses.get();
  require_finite(last_step_);
  observer.step_done(last_step_);
}

void Trainer::catch_up(TrainObserver& observer) {
  if (!unread_) return;
  UnreadStep last = std::move(*unread_);
  unread_.reset();
  report(std::move(last), observer);
}

void Trainer::save_checkpoint(TrainObserver& observer) {
  if (saved_step_ == state_.step) return;
  step_->collect_discriminators();
  if (communicator_->rank() == 0) {
    observer.before_checkpoint();
    writer_.save(state_.step, state_.tensors(), state_.counters());
  }
  saved_step_ = state_.step;
}

}  // namespace scgan
