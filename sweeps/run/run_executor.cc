#include "sweeps/run/run_executor.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <string_view>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/sha256.h"
#include "core/comm/solo_communicator.h"
#include "core/model/determinism.h"
#include "core/model/safetensors.h"
#include "core/train/training_input.h"
#include "distributed/communicator_factory.h"
#include "distributed/device.h"
#include "distributed/gpu.h"
#include "distributed/gpu_graph.h"
#include "sweeps/plan/schedule.h"
#include "sweeps/run/failure_class.h"
#include "sweeps/run/non_finite_batch.h"
#include "sweeps/run/run_files.h"

namespace scgan::sweeps {
namespace {

constexpr auto kOrderWait = std::chrono::milliseconds(100);

// The training images may take an eighth of a GPU's memory.
constexpr int64_t kShareForImages = 8;

// All ranks of a group see the same losses, so they throw this error together.
bool is_non_finite(const std::exception& problem) {
  const auto* error = dynamic_cast<const Error*>(&problem);
  return error != nullptr && error->kind() == ErrorKind::kNonFinite;
}

std::string one_line(std::string_view text) { return std::string(text.substr(0, text.find('\n'))); }

}  // namespace

RunExecutor::RunExecutor(const JobPlan& plan, const distributed::Mailbox& mailbox,
                         Heartbeat& heartbeat, RankInfo info)
    : plan_(plan),
      mailbox_(mailbox),
      heartbeat_(heartbeat),
      info_(std::move(info)),
      inputs_(plan, info_.device, info_.versions),
      control_(mailbox, info_.stop_signalled) {}

RunExecutor::ActiveRun::ActiveRun(const JobRun& of_run, RunInputs& its_inputs, Communicator& group,
                                  c10::Device device, const std::filesystem::path& folder)
    : run(of_run),
      inputs(its_inputs),
      loader(run.spec, inputs.data, device, distributed::gpu_memory(device) / kShareForImages),
      trainer(run.spec, run.record.id, loader, group, device, folder,
              distributed::gpu_recorder(device)) {}

void RunExecutor::report(const Report& message) const {
  mailbox_.send(0, distributed::MailTag::kReport, to_text(message));
}

void RunExecutor::report_as_leader(const Report& message) const {
  if (leads()) report(message);
}

std::filesystem::path RunExecutor::folder(const JobRun& run) const {
  return plan_.out / "runs" / run.record.id;
}

const JobRun& RunExecutor::run_of(int index) const {
  return plan_.runs.at(static_cast<size_t>(index));
}

void RunExecutor::serve() {
  for (;;) {
    heartbeat_.set_activity("waiting for orders");
    const Order order = next_order();
    if (std::holds_alternative<order::Exit>(order)) return;
    std::visit([&](const auto& any) { carry_out(any); }, order);
  }
}

Order RunExecutor::next_order() {
  for (;;) {
    if (!stop_reported_ && info_.stop_signalled()) {
      stop_reported_ = true;
      report(report::StopSignalled{});
    }
    const auto mail = mailbox_.receive(distributed::MailTag::kOrder, kOrderWait);
    if (mail) return order_from_text(mail->text);
  }
}

template <typename Late>
void RunExecutor::carry_out(const Late&) {
  active_.reset();
  group_.reset();
}

void RunExecutor::carry_out(const order::StartRun& order) {
  active_.reset();
  const JobRun& run = run_of(order.run);
  heartbeat_.set_activity(fmt::format("run {}", run.record.id));
  group_ = make_group(run, order.ranks);
  ranks_ = order.ranks;
  run_guarded(run, leads(), [&] {
    start(run);
    train_and_score();
  });
}

// A failure here does not disturb the run.
void RunExecutor::carry_out(const order::PrepareJoin& order) {
  active_.reset();
  const JobRun& run = run_of(order.run);
  heartbeat_.set_activity(fmt::format("preparing to join run {}", run.record.id));
  group_ = std::make_unique<SoloCommunicator>();
  try {
    make_deterministic(static_cast<int>(run.spec.train.threads));
    make_active_run(run, inputs_.of(run.spec));
    make_observer(false, 0);
    report(report::JoinReady{order.run});
  } catch (const std::exception& problem) {
    active_.reset();
    report(report::JoinFailed{order.run, one_line(problem.what())});
  }
}

void RunExecutor::carry_out(const order::Join& order) {
  if (!active_) throw Error(ErrorKind::kCommunication, "received Join without PrepareJoin");
  run_guarded(active_->run, false, [&] {
    regroup(order.ranks);
    train_and_score();
  });
}

void RunExecutor::run_guarded(const JobRun& run, bool leading, const std::function<void()>& work) {
  start_reported_ = false;
  peers_wait_ = true;
  control_.begin_run(leading);
  try {
    work();
  } catch (const PeerAborted& other) {
    report_failure(run, failure_from(other.reason()));
  } catch (const std::exception& problem) {
    if (!is_own_fault(problem) || !group_) throw;  // without a group, the peers cannot be aborted
    const report::AttemptFailed failure = failure_of(run, problem);
    // Over MPI, waits for a sum on its way: the peers, which know nothing yet, take part in it.
    active_.reset();
    if (peers_wait_ && !is_non_finite(problem)) group_->abort(to_abort_reason(failure));
    report_failure(run, failure);
  }
  active_.reset();
  previous_group_.reset();
  group_.reset();
  distributed::release_cached_memory(info_.device);
  report(report::RankFree{});
}

// A rank without memory for the group cannot abort it: the error ends the job, and the next job
// trains the run on fewer ranks.
std::unique_ptr<Communicator> RunExecutor::make_group(const JobRun& run,
                                                      const std::vector<int>& ranks) const {
  try {
    return info_.make_group(ranks, info_.device);
  } catch (const Error& problem) {
    const bool could_be_fewer = static_cast<int>(ranks.size()) > sizes_for(run.spec).front();
    if (problem.kind() != ErrorKind::kOutOfMemory || !could_be_fewer) throw;
    throw OutOfMemoryMayFit(one_line(problem.what()));
  }
}

report::AttemptFailed RunExecutor::failure_of(const JobRun& run,
                                              const std::exception& problem) const {
  report::AttemptFailed failure{exit_class(problem), one_line(problem.what())};
  const bool could_be_fewer = group_->size() > sizes_for(run.spec).front();
  if (failure.exit_class == results::ExitClass::kOutOfMemory && could_be_fewer) {
    failure.exit_class = results::ExitClass::kOutOfMemoryMayFit;
  }
  return failure;
}

void RunExecutor::report_failure(const JobRun& run, const report::AttemptFailed& failure) {
  if (!start_reported_) report_start(run, 0);  // failed before its first step
  report_as_leader(failure);
}

void RunExecutor::report_start(const JobRun& run, int64_t first_step) {
  start_reported_ = true;
  report_as_leader(report::AttemptStarted{
      {run.record.id, hosts_of(ranks_), distributed::describe(info_.device), group_->size(),
       first_step, info_.versions, to_string(run.spec.run.reduction)},
      run.record.total_steps});
}

std::string RunExecutor::hosts_of(const std::vector<int>& ranks) const {
  std::vector<std::pair<std::string, int>> counts;
  for (const int rank : ranks) {
    const std::string& host = info_.hosts.at(static_cast<size_t>(rank));
    const auto known = std::ranges::find(counts, host, &std::pair<std::string, int>::first);
    if (known == counts.end()) {
      counts.emplace_back(host, 1);
    } else {
      ++known->second;
    }
  }
  std::string text;
  for (const auto& [host, count] : counts) {
    text += (text.empty() ? "" : ", ") + host + (count > 1 ? fmt::format(" x{}", count) : "");
  }
  return text;
}

void RunExecutor::start(const JobRun& run) {
  make_deterministic(static_cast<int>(run.spec.train.threads));
  if (leads()) {
    make_run_folder(folder(run));
    remove_temporaries(folder(run));
    remove_temporaries(folder(run) / "samples");
  }
  make_active_run(run, inputs_.of(run.spec));
  const int64_t first_step = active_->trainer.resume();
  report_start(run, first_step);
  make_observer(leads(), first_step);
}

void RunExecutor::make_active_run(const JobRun& run, RunInputs& inputs) {
  active_ = std::make_unique<ActiveRun>(run, inputs, *group_, info_.device, folder(run));
}

void RunExecutor::make_observer(bool leading, int64_t first_step) {
  active_->observer = std::make_unique<RunObserver>(
      RunObserver::Setup{active_->run.spec, active_->inputs.data, *active_->inputs.evaluator,
                         *active_->inputs.extractor, folder(active_->run), info_.device, leading,
                         first_step, active_->trainer.total_steps()},
      control_, mailbox_, heartbeat_);
}

// Collective over the ranks that train the run from now on.
void RunExecutor::regroup(const std::vector<int>& ranks) {
  previous_group_ = std::move(group_);
  group_ = make_group(active_->run, ranks);
  active_->trainer.regroup(*group_);
  previous_group_.reset();
}

void RunExecutor::train_and_score() {
  TrainOutcome outcome = train();
  for (; outcome == TrainOutcome::kRegroup; outcome = train()) {
    const std::vector<int> ranks = ranks_from_leader();
    report_as_leader(report::Regrouping{active_->trainer.state().step, hosts_of(ranks)});
    if (std::ranges::find(ranks, info_.rank) == ranks.end()) return;  // leaves the run
    regroup(ranks);
  }
  Trainer& trainer = active_->trainer;
  active_->observer->finish(trainer.state().step);
  if (outcome == TrainOutcome::kStopped) {
    report_as_leader(report::AttemptStopped{trainer.state().step});
    return;
  }
  report_as_leader(report::Scoring{});
  heartbeat_.set_activity(fmt::format("run {}, scoring", active_->run.record.id));
  score_and_store();
}

// The leader shares the ranks of its Regroup.
std::vector<int> RunExecutor::ranks_from_leader() {
  const std::vector<int> told = control_.take_ranks();  // empty on the other ranks
  const std::string text = broadcast_text(*group_, to_text(Order{order::Regroup{told}}), 0);
  return std::get<order::Regroup>(order_from_text(text)).ranks;
}

TrainOutcome RunExecutor::train() {
  Trainer& trainer = active_->trainer;
  try {
    return trainer.train(*active_->observer);
  } catch (const PeerAborted&) {
    throw;
  } catch (const Error& problem) {
    const int64_t step = trainer.state().step;
    if (problem.kind() == ErrorKind::kNonFinite && leads()) {
      const StepReport& report = trainer.last_step();
      write_non_finite_batch(folder(active_->run), active_->loader.batch(report.step - 1), report,
                             problem.what());
    }
    if (problem.kind() != ErrorKind::kCommunication) throw;
    throw Error(problem.kind(), fmt::format("{} (run {}, after step {})", problem.what(),
                                            active_->run.record.id, step));
  }
}

void RunExecutor::score_and_store() {
  const JobRun& run = active_->run;
  const Trainer& trainer = active_->trainer;
  const int64_t scored_step = trainer.weights_step();
  std::vector<Score> scores;
  for (const Direction direction : run.spec.evaluate.directions) {
    Generator& generator =
        direction == Direction::kAtoB ? *trainer.state().netG_A : *trainer.state().netG_B;
    scores.push_back(active_->inputs.evaluator->score(generator, direction, *group_));
  }
  peers_wait_ = false;
  if (!leads()) return;
  const GeneratorInput input = training_input(run.spec.data, active_->inputs.data);
  report::AttemptDone done{trainer.state().step, to_json_text(input), {}, {}};
  for (const Score& score : scores) {
    for (auto& metric : final_metrics(score, run.spec, *active_->inputs.extractor, scored_step,
                                      trainer.score_count())) {
      done.metrics.push_back(std::move(metric));
    }
  }
  done.artifacts = write_final_files({plan_.out, folder(run), run.record.id, input,
                                      active_->inputs.data, run.spec.run, scored_step},
                                     trainer.state(), scores);
  active_->trainer.wait_for_checkpoint();
  report_as_leader(done);
}

}  // namespace scgan::sweeps
