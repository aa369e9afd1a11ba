#include "core/train/trainer.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <cmath>

#include "core/base/error.h"
#include "core/train/divergence_check.h"
#include "core/train/lr_schedule.h"
#include "core/train/state_exchange.h"

namespace scgan {
namespace {

// Combines the ranks' requests into those that all ranks act on.
BoundaryRequests agree(Communicator& communicator, TrainObserver& observer) {
  const BoundaryRequests mine = observer.at_boundary();
  if (communicator.size() == 1) return mine;
  // One column per request, one row per rank.
  at::Tensor own = at::zeros({1, 4}, at::kLong);
  own[0][0] = mine.stop ? 1 : 0;
  own[0][1] = mine.checkpoint ? 1 : 0;
  own[0][2] = mine.samples ? 1 : 0;
  own[0][3] = mine.join ? 1 : 0;
  const at::Tensor all = all_gather_rows(communicator, own);
  const auto by_rank_zero = [&](int64_t column) { return all[0][column].item<int64_t>() != 0; };
  return {.stop = all.select(1, 0).any().item<bool>(),
          .checkpoint = by_rank_zero(1),
          .samples = by_rank_zero(2),
          .join = by_rank_zero(3)};
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
                 const std::filesystem::path& folder)
    : spec_(spec),
      loader_(loader),
      communicator_(&communicator),
      checkpoints_(folder, run_id),
      state_(spec, device) {
  step_.emplace(spec, state_, communicator);
}

void Trainer::join(Communicator& communicator) {
  communicator_ = &communicator;
  step_.emplace(spec_, state_, communicator);
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
    score_if_due(observer);
    const BoundaryRequests agreed = agree(*communicator_, observer);
    if (agreed.checkpoint || agreed.stop) save_checkpoint(observer);
    if (agreed.samples) {
      const ScopedEvalWeights shown(state_);
      observer.write_samples(state_);
    }
    if (agreed.stop) return TrainOutcome::kStopped;
    if (agreed.join) {
      step_->collect_discriminators();
      return TrainOutcome::kRanksJoin;
    }
    last_step_ = one_step();
    require_finite(last_step_);
    const int64_t interval = spec_.run.check_steps;
    if (interval > 0 && state_.step % interval == 0) require_equal_states(state_, *communicator_);
    observer.step_done(last_step_);
  }
  score_if_due(observer);
  save_checkpoint(observer);  // the scoring that follows may be interrupted
  weights_step_ = state_.adopt_final_weights();
  return TrainOutcome::kFinished;
}

void Trainer::score_if_due(TrainObserver& observer) {
  const int64_t interval = spec_.evaluate.every_epochs * loader_.steps_per_epoch();
  if (interval == 0 || state_.step == 0 || state_.step == state_.scored_step) return;
  if (state_.step % interval != 0 && state_.step != total_steps()) return;
  double fid = 0;
  {
    const ScopedEvalWeights shown(state_);
    fid = observer.score(state_, *communicator_);
  }
  state_.add_score(fid);
}

StepReport Trainer::one_step() {
  const int64_t epoch = schedule_epoch(spec_.train, state_.step, loader_.steps_per_epoch());
  const double rate = spec_.train.learning_rate * learning_rate_factor(spec_.train, epoch);
  std::optional<PartWindows> windows;
  if (has_ssl(spec_)) windows = part_windows(spec_, state_.step);
  const StepLosses losses = step_->run(loader_.batch(state_.step), rate);
  return {state_.step, epoch, rate, losses, windows};
}

void Trainer::save_checkpoint(TrainObserver& observer) {
  if (saved_step_ == state_.step) return;
  step_->collect_discriminators();
  if (communicator_->rank() == 0) {
    observer.before_checkpoint();
    checkpoints_.save(state_.step, state_.tensors(), state_.counters());
  }
  saved_step_ = state_.step;
}

}  // namespace scgan
