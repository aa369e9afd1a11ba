#include "sweeps/run/run_executor.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <exception>
#include <string_view>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/sha256.h"
#include "core/comm/solo_communicator.h"
#include "core/model/safetensors.h"
#include "distributed/communicator_factory.h"
#include "distributed/process_environment.h"
#include "distributed/rank_group.h"
#include "sweeps/plan/schedule.h"
#include "sweeps/run/failure_class.h"
#include "sweeps/run/non_finite_batch.h"
#include "sweeps/run/run_files.h"

namespace scgan::sweeps {
namespace {

// All ranks of a group see the same losses, so they throw this one together.
bool is_non_finite(const std::exception& problem) {
  const auto* error = dynamic_cast<const Error*>(&problem);
  return error != nullptr && error->kind() == ErrorKind::kNonFinite;
}

std::string one_line(std::string_view text) { return std::string(text.substr(0, text.find('\n'))); }

}  // namespace

RunExecutor::RunExecutor(const JobPlan& plan, const distributed::Mailbox& mailbox,
                         LifeSigns& life_signs, Place place)
    : plan_(plan),
      mailbox_(mailbox),
      life_signs_(life_signs),
      place_(std::move(place)),
      inputs_(plan, place_.device),
      orders_(mailbox, place_.stop_after_minutes) {}

RunExecutor::Part::Part(const JobRun& of_run, RunInputs& its_inputs, Communicator& group,
                        c10::Device device, const std::filesystem::path& folder)
    : run(of_run),
      inputs(its_inputs),
      loader(run.spec, inputs.data),
      trainer(run.spec, run.record.id, loader, group, device, folder) {}

void RunExecutor::report_of_rank(const Report& message) const {
  mailbox_.send(0, distributed::MailTag::kToCoordinator, to_text(message));
}

void RunExecutor::report(const Report& message) const {
  if (leads()) report_of_rank(message);
}

std::filesystem::path RunExecutor::folder(const JobRun& run) const {
  return plan_.out / "runs" / run.record.id;
}

const JobRun& RunExecutor::run_of(int index) const {
  return plan_.runs.at(static_cast<size_t>(index));
}

void RunExecutor::serve() {
  for (;;) {
    life_signs_.note("it waits for orders");
    const Order order = order_from_text(mailbox_.receive(distributed::MailTag::kOrder).text);
    // Orders come after the earlier run's result is in the store: its checkpoints have served.
    if (finished_) finished_->clear();
    finished_.reset();
    if (std::holds_alternative<Leave>(order)) return;
    std::visit([&](const auto& any) { carry_out(any); }, order);
  }
}

template <typename Late>
void RunExecutor::carry_out(const Late&) {
  part_.reset();
  group_.reset();
}

void RunExecutor::carry_out(const Work& order) {
  part_.reset();
  const JobRun& run = run_of(order.run);
  life_signs_.note(fmt::format("run {}", run.record.id));
  group_ = make_group(order.ranks);
  take_part(run, leads(), [&] {
    begin(run);
    train_and_score();
  });
}

// What can fail here fails before the run under way is disturbed.
void RunExecutor::carry_out(const Prepare& order) {
  part_.reset();
  const JobRun& run = run_of(order.run);
  life_signs_.note(fmt::format("prepares to join run {}", run.record.id));
  group_ = std::make_unique<SoloCommunicator>();
  try {
    distributed::make_deterministic(static_cast<int>(run.spec.train.threads));
    make_part(run, inputs_.of(run.spec));
    observe(false, 0);
    report_of_rank(Ready{order.run});
  } catch (const std::exception& problem) {
    part_.reset();
    report_of_rank(CannotJoin{order.run, one_line(problem.what())});
  }
}

void RunExecutor::carry_out(const Join& order) {
  if (!part_) throw Error(ErrorKind::kCommunication, "told to join a run without preparation");
  take_part(part_->run, false, [&] {
    widen(order.ranks);
    train_and_score();
  });
}

void RunExecutor::take_part(const JobRun& run, bool leading, const std::function<void()>& work) {
  begun_ = false;
  waited_for_ = true;
  orders_.begin_run(leading);
  try {
    work();
  } catch (const PeerAborted& other) {
    report_failure(run, std::get<AttemptFailed>(report_from_text(other.reason())));
  } catch (const std::exception& problem) {
    if (!is_own_fault(problem) || !group_) throw;  // without a group nobody would hear of it
    const AttemptFailed failure = failure_of(run, problem);
    part_.reset();  // a sum that travels ends first: the others do not know yet and take part in it
    if (waited_for_ && !is_non_finite(problem)) group_->abort(to_text(Report{failure}));
    report_failure(run, failure);
  }
  part_.reset();
  former_.reset();
  group_.reset();
  distributed::give_back_gpu_memory(place_.device);
  report_of_rank(Free{});
}

// Without a group nobody hears that a rank has no memory for it: the job ends, and the next one
// trains the run on fewer.
std::unique_ptr<Communicator> RunExecutor::make_group(const std::vector<int>& ranks) const {
  try {
    return distributed::make_rank_group(ranks, place_.device);
  } catch (const Error& problem) {
    if (problem.kind() != ErrorKind::kOutOfMemory) throw;
    throw Error(problem.kind(), results::kMayFitOnFewer + one_line(problem.what()));
  }
}

AttemptFailed RunExecutor::failure_of(const JobRun& run, const std::exception& problem) const {
  AttemptFailed failure{exit_class(problem), one_line(problem.what())};
  const bool could_be_fewer = group_->size() > sizes_for(run.spec).front();
  if (failure.exit_class == results::ExitClass::kOutOfMemory && could_be_fewer) {
    failure.reason.insert(0, results::kMayFitOnFewer);
  }
  return failure;
}

void RunExecutor::report_failure(const JobRun& run, const AttemptFailed& failure) {
  if (!begun_) report_begin(run, 0);  // failed before its first step
  report(failure);
}

void RunExecutor::report_begin(const JobRun& run, int64_t first_step) {
  begun_ = true;
  const bool canonical = run.spec.run.reduction == Reduction::kCanonical;
  report(AttemptBegun{
      {run.record.id, place_.host, distributed::describe(place_.device), group_->size(), first_step,
       place_.versions, canonical ? "canonical" : "allreduce"},
      run.record.total_steps});
}

void RunExecutor::begin(const JobRun& run) {
  distributed::make_deterministic(static_cast<int>(run.spec.train.threads));
  if (leads()) {
    make_run_folder(folder(run));
    remove_temporaries(folder(run));
    remove_temporaries(folder(run) / "samples");
  }
  make_part(run, inputs_.of(run.spec));
  const int64_t first_step = part_->trainer.resume();
  report_begin(run, first_step);
  observe(leads(), first_step);
}

void RunExecutor::make_part(const JobRun& run, RunInputs& inputs) {
  part_ = std::make_unique<Part>(run, inputs, *group_, place_.device, folder(run));
}

void RunExecutor::observe(bool leading, int64_t first_step) {
  part_->observer = std::make_unique<RunObserver>(
      RunObserver::Setup{part_->run.spec, part_->inputs.data, *part_->inputs.evaluator,
                         folder(part_->run), place_.device, leading, first_step,
                         part_->trainer.total_steps()},
      orders_, mailbox_, life_signs_);
}

// All ranks of the run do this together: those that were there, and those that join.
void RunExecutor::widen(const std::vector<int>& ranks) {
  former_ = std::move(group_);
  group_ = make_group(ranks);
  part_->trainer.regroup(*group_);
  former_.reset();
}

void RunExecutor::train_and_score() {
  TrainOutcome outcome = train();
  for (; outcome == TrainOutcome::kRegroup; outcome = train()) {
    const std::vector<int> ranks = ranks_from_leader();
    report(Widening{part_->trainer.state().step});
    widen(ranks);
  }
  Trainer& trainer = part_->trainer;
  part_->observer->finish(trainer.state().step);
  if (outcome == TrainOutcome::kStopped) {
    report(AttemptStopped{trainer.state().step});
    return;
  }
  part_->observer->write_samples(trainer.state());
  report(Scoring{});
  life_signs_.note(fmt::format("run {}, scoring", part_->run.record.id));
  score_and_store();
}

// Of the wider group that the coordinator asked for.
std::vector<int> RunExecutor::ranks_from_leader() {
  const std::vector<int> told = orders_.take_widening();  // on the leader
  const std::string text = broadcast_text(*group_, to_text(Order{Widen{told}}), 0);
  return std::get<Widen>(order_from_text(text)).ranks;
}

TrainOutcome RunExecutor::train() {
  Trainer& trainer = part_->trainer;
  try {
    return trainer.train(*part_->observer);
  } catch (const PeerAborted&) {
    throw;
  } catch (const Error& problem) {
    const int64_t step = trainer.state().step;
    if (problem.kind() == ErrorKind::kNonFinite && leads()) {
      write_non_finite_batch(folder(part_->run), part_->loader.batch(step - 1), trainer.last_step(),
                             problem.what());
    }
    if (problem.kind() != ErrorKind::kCommunication) throw;
    throw Error(problem.kind(), fmt::format("{} (run {}, after step {})", problem.what(),
                                            part_->run.record.id, step));
  }
}

void RunExecutor::score_and_store() {
  const JobRun& run = part_->run;
  const Trainer& trainer = part_->trainer;
  const int64_t scored_step = trainer.weights_step();
  std::vector<Score> scores;
  for (const Direction direction : run.spec.evaluate.directions) {
    Generator& generator =
        direction == Direction::kAtoB ? *trainer.state().netG_A : *trainer.state().netG_B;
    scores.push_back(part_->inputs.evaluator->score(generator, direction, *group_, place_.device));
  }
  waited_for_ = false;
  if (!leads()) return;
  AttemptDone done{trainer.state().step, {}, {}};
  for (const Score& score : scores) {
    for (auto& metric : metrics_of(score, run.spec, *part_->inputs.extractor, scored_step,
                                   trainer.score_count())) {
      done.metrics.push_back(std::move(metric));
    }
  }
  done.artifacts =
      write_final_files(plan_.out, folder(run), run.record.id, trainer.state(), scores);
  report(done);
  finished_.emplace(folder(run), run.record.id);
}

}  // namespace scgan::sweeps
