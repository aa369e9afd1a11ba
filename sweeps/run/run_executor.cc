#include "sweeps/run/run_executor.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <exception>
#include <new>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/sha256.h"
#include "core/model/safetensors.h"
#include "distributed/process_environment.h"
#include "sweeps/run/non_finite_batch.h"
#include "sweeps/run/run_files.h"

namespace scgan::sweeps {
namespace {

// Failures that are the run's own: the sweep goes on. The others mean that this job cannot.
bool is_own_fault(const std::exception& problem) {
  const auto* error = dynamic_cast<const Error*>(&problem);
  if (error == nullptr) return true;
  return error->kind() == ErrorKind::kNonFinite || error->kind() == ErrorKind::kData ||
         error->kind() == ErrorKind::kInvalidSpec;
}

// All ranks of a group see the same losses, so they throw this one together.
bool is_non_finite(const std::exception& problem) {
  const auto* error = dynamic_cast<const Error*>(&problem);
  return error != nullptr && error->kind() == ErrorKind::kNonFinite;
}

std::string one_line(std::string text) { return text.substr(0, text.find('\n')); }

}  // namespace

results::ExitClass exit_class(const std::exception& problem) {
  using results::ExitClass;
  if (dynamic_cast<const c10::OutOfMemoryError*>(&problem) != nullptr ||
      dynamic_cast<const std::bad_alloc*>(&problem) != nullptr) {
    return ExitClass::kOutOfMemory;
  }
  const auto* error = dynamic_cast<const Error*>(&problem);
  if (error == nullptr) return ExitClass::kUnknown;
  switch (error->kind()) {
    case ErrorKind::kNonFinite:
      return ExitClass::kNonFinite;
    case ErrorKind::kData:
    case ErrorKind::kInvalidSpec:
      return ExitClass::kData;
    case ErrorKind::kStorage:
      return ExitClass::kStorage;
    case ErrorKind::kCommunication:
    case ErrorKind::kDevice:
      return ExitClass::kLost;
  }
  return ExitClass::kUnknown;
}

RunExecutor::RunExecutor(const JobPlan& plan, distributed::RankGroup& group,
                         const distributed::Mailbox& mailbox, LifeSigns& life_signs, Place place)
    : plan_(plan),
      group_(group),
      mailbox_(mailbox),
      life_signs_(life_signs),
      place_(std::move(place)),
      stop_(group.is_leader() ? &mailbox : nullptr, place_.stop_after_minutes) {}

void RunExecutor::report(const Report& message) const {
  if (group_.is_leader()) {
    mailbox_.send(0, distributed::MailTag::kToCoordinator, to_text(message));
  }
}

std::filesystem::path RunExecutor::folder(const JobRun& run) const {
  return plan_.out / "runs" / run.record.id;
}

int RunExecutor::next_run() {
  at::Tensor index = at::full({1}, kNoRun, at::kLong);
  if (group_.is_leader()) {
    report(NextRun{});
    index[0] = std::stoi(mailbox_.receive(distributed::MailTag::kToLeader).text);
    // The answer comes after the earlier run's result is in the store: its checkpoints have served.
    if (finished_) finished_->clear();
  }
  finished_.reset();
  group_.communicator().broadcast(index, 0);
  return index.item<int>();
}

void RunExecutor::serve() {
  for (int index = next_run(); index != kNoRun; index = next_run()) {
    const JobRun& run = plan_.runs.at(static_cast<size_t>(index));
    begun_ = false;
    all_ranks_know_ = false;
    try {
      execute(run);
    } catch (const std::exception& problem) {
      const bool alone = group_.communicator().size() == 1;
      if (!is_own_fault(problem) || !(alone || all_ranks_know_ || is_non_finite(problem))) throw;
      if (!begun_) begin_attempt(run, 0);  // failed before its first step
      report(AttemptFailed{exit_class(problem), one_line(problem.what())});
    }
  }
  report(GroupLeft{});
}

void RunExecutor::begin_attempt(const JobRun& run, int64_t first_step) {
  begun_ = true;
  const bool canonical = run.spec.run.reduction == Reduction::kCanonical;
  report(AttemptBegun{{run.record.id, place_.host, distributed::describe(place_.device),
                       group_.communicator().size(), first_step, place_.versions,
                       canonical ? "canonical" : "allreduce"},
                      run.record.total_steps});
}

void RunExecutor::execute(const JobRun& run) {
  distributed::make_deterministic(static_cast<int>(run.spec.train.threads));
  life_signs_.note(fmt::format("run {}", run.record.id));
  if (group_.is_leader()) {
    make_run_folder(folder(run));
    remove_temporaries(folder(run));
  }
  any_rank(group_.communicator(), false);  // the folder is there before anybody looks into it

  Inputs& shared = agreed_inputs(run.spec);
  const DataLoader loader(run.spec, shared.data);
  Trainer trainer(run.spec, run.record.id, loader, group_.communicator(), place_.device,
                  folder(run));
  const int64_t first_step = trainer.resume();
  begin_attempt(run, first_step);
  RunObserver observer(
      {run.spec, shared.data, *shared.evaluator, group_.communicator(), folder(run), place_.device,
       group_.is_leader(), first_step, trainer.total_steps()},
      stop_, mailbox_, life_signs_);
  const TrainOutcome outcome = train(run, loader, trainer, observer);
  observer.finish(trainer.state().step);
  if (outcome == TrainOutcome::kStopped) {
    report(AttemptStopped{trainer.state().step});
    return;
  }
  observer.write_samples(trainer.state());
  report(Scoring{});
  life_signs_.note(fmt::format("run {}, scoring", run.record.id));
  score_and_store(run, trainer);
}

TrainOutcome RunExecutor::train(const JobRun& run, const DataLoader& loader, Trainer& trainer,
                                TrainObserver& observer) {
  try {
    return trainer.train(observer);
  } catch (const Error& problem) {
    const int64_t step = trainer.state().step;
    if (problem.kind() == ErrorKind::kNonFinite && group_.is_leader()) {
      write_non_finite_batch(folder(run), loader.batch(step - 1), step, problem.what());
    }
    if (problem.kind() != ErrorKind::kCommunication) throw;
    throw Error(problem.kind(),
                fmt::format("{} (run {}, after step {})", problem.what(), run.record.id, step));
  }
}

void RunExecutor::score_and_store(const JobRun& run, Trainer& trainer) {
  Inputs& shared = *inputs_;
  AttemptDone done{trainer.state().step, {}, {}};
  const int64_t scored_step = trainer.weights_step();
  std::vector<Score> scores;
  for (const Direction direction : run.spec.evaluate.directions) {
    Generator& generator =
        direction == Direction::kAtoB ? *trainer.state().netG_A : *trainer.state().netG_B;
    scores.push_back(
        shared.evaluator->score(generator, direction, group_.communicator(), place_.device));
  }
  if (!group_.is_leader()) return;
  for (const Score& score : scores) {
    for (auto& metric :
         metrics_of(score, run.spec, *shared.extractor, scored_step, trainer.scores())) {
      done.metrics.push_back(std::move(metric));
    }
  }
  done.artifacts =
      write_final_files(plan_.out, folder(run), run.record.id, trainer.state(), scores);
  report(done);
  finished_.emplace(folder(run), run.record.id);
}

RunExecutor::Inputs& RunExecutor::agreed_inputs(const RunSpec& spec) {
  std::exception_ptr problem;
  try {
    inputs(spec);
  } catch (const Error&) {
    problem = std::current_exception();
  }
  all_ranks_know_ = any_rank(group_.communicator(), problem != nullptr);
  if (problem) std::rethrow_exception(problem);
  if (all_ranks_know_) {
    throw Error(ErrorKind::kData, "another rank of the run cannot read its data or extractor");
  }
  return *inputs_;
}

RunExecutor::Inputs& RunExecutor::inputs(const RunSpec& spec) {
  const std::string key = inputs_key(spec);
  if (!inputs_ || inputs_->key != key) {
    inputs_.reset();  // free the memory before loading the next
    inputs_.emplace();
    inputs_->data = load_data(spec.data, cache_folder(plan_));
    if (inputs_->data.digest != spec.data.digest) {
      inputs_.reset();
      throw Error(
          ErrorKind::kData,
          fmt::format("{}: the images have changed since this job started", spec.data.root));
    }
    inputs_->extractor =
        make_feature_extractor(spec.evaluate.extractor, spec.data.image_size, place_.device);
    inputs_->key = key;
  }
  if (!inputs_->evaluator) {
    inputs_->evaluator =
        std::make_unique<Evaluator>(spec.evaluate, inputs_->data, *inputs_->extractor);
  }
  return *inputs_;
}

}  // namespace scgan::sweeps
