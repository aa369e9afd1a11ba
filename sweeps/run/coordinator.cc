#include "sweeps/run/coordinator.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "core/base/error.h"
#include "core/base/exit_code.h"
#include "core/base/log.h"
#include "sweeps/run/run_files.h"

namespace scgan::sweeps {
namespace {

constexpr auto kPollInterval = std::chrono::milliseconds(10);
// Between two transactions, see the header.
constexpr auto kProgressInterval = std::chrono::seconds(1);
constexpr auto kResultsInterval = std::chrono::milliseconds(50);
// Between attempts to write results while a reader prevents it.
constexpr auto kRetryInterval = std::chrono::milliseconds(100);

// Tests lower it.
double worth_joining_seconds() {
  const char* text = std::getenv("SCGAN_WORTH_JOINING_SECONDS");
  return text == nullptr ? kWorthJoiningSeconds : std::atof(text);
}

std::string value_text(double value) { return fmt::format("{:.4g}", value); }

// mpirun ends its ranks soon after Ctrl-C and SIGTERM, whatever they do.
std::string stop_text() {
  std::string text = "stopping: every run finishes its step and writes a checkpoint";
  const bool by_mpirun = std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr;
  if (by_mpirun && std::getenv("OMPI_MCA_odls_base_sigkill_timeout") == nullptr) {
    text +=
        "; if mpirun received the signal, it kills the ranks within a second (see docs/faults.md)";
  }
  return text;
}

}  // namespace

Coordinator::Coordinator(const JobPlan& plan, std::vector<int> waiting,
                         const std::vector<results::StoredRun>& stored, Devices devices,
                         const distributed::Mailbox& mailbox, results::ResultStore& store,
                         Options options)
    : plan_(plan),
      mailbox_(mailbox),
      store_(store),
      options_(std::move(options)),
      waiting_(plan, std::move(waiting), stored, options_.speeds),
      pool_(std::move(devices), worth_joining_seconds()),
      view_(options_.quiet) {
  outcome_.left = waiting_.count();
  outcome_.done = static_cast<int>(
      std::ranges::count(stored, results::RunState::kDone, &results::StoredRun::state));
  outcome_.failed = static_cast<int>(plan.runs.size()) - outcome_.done - outcome_.left;
  thread_ = std::thread([this] {
    try {
      serve();
    } catch (const std::exception& problem) {
      // Nothing answers the ranks any more.
      log::error("{}", problem.what());
      options_.abort_job(kExitLost);
    }
  });
}

Coordinator::~Coordinator() {
  if (thread_.joinable()) thread_.join();
}

SweepOutcome Coordinator::finish() {
  thread_.join();
  return outcome_;
}

// One message at a time: however fast reports arrive, none of the other duties waits.
void Coordinator::serve() {
  while (!finished()) {
    const auto mail = mailbox_.poll(distributed::MailTag::kReport);
    if (mail) handle(*mail);
    if (store_is_due(/*idle=*/!mail)) store_results();
    stop_if_due();
    assign_ranks();
    if (view_.is_due()) view_.update(progress());
    if (!mail) options_.sleep(kPollInterval);
  }
  view_.clear();
  for (int rank = 0; rank < pool_.world_size(); ++rank) send({{rank, order::Exit{}}});
  for (store_results(); store_waits_; store_results()) options_.sleep(kRetryInterval);
}

void Coordinator::store_soon() {
  results_wait_ = true;
  next_flush_ = std::min(next_flush_, options_.now() + kResultsInterval);
}

bool Coordinator::store_is_due(bool idle) const {
  return options_.now() >= next_flush_ || (idle && results_wait_ && !store_waits_);
}

// If the job is killed while a reader keeps results from being written, their runs continue from
// their last checkpoints.
void Coordinator::store_results() {
  const bool waits = !store_.flush();
  next_flush_ = options_.now() + (waits ? Clock::duration(kRetryInterval) : kProgressInterval);
  if (waits && !store_waits_) {
    log::warn(
        "another program reads results.db in a transaction that it does not end; results are "
        "stored when it has ended, and training goes on");
  }
  store_waits_ = waits;
  if (waits) return;
  results_wait_ = false;
  for (const int run : std::exchange(done_, {})) {
    remove_unkept(plan_.out, store_.run(run_of(run).record.id));
  }
}

bool Coordinator::finished() const {
  return pool_.idle() && (waiting_.empty() || !may_start_run());
}

void Coordinator::handle(const distributed::Mail& mail) {
  std::visit([&](const auto& report) { on(mail.from, report); }, report_from_text(mail.text));
}

void Coordinator::send(const RankPool::Orders& orders) const {
  for (const auto& [rank, order] : orders) {
    mailbox_.send(rank, distributed::MailTag::kOrder, to_text(order));
  }
}

void Coordinator::stop_if_due() {
  if (options_.stop_signalled()) {
    stop(Stop::kNow);
  } else if (options_.time_is_up()) {
    stop(made_progress_ ? Stop::kNow : Stop::kAfterOneStep);
  }
}

// A stop requested of one rank holds for the whole sweep. Of a job that has not made progress, the
// first group still trains one step, so that a chain of such jobs comes to an end.
void Coordinator::stop(Stop stop) {
  if (stop <= stop_) return;
  stop_ = stop;
  if (stop == Stop::kNow && !attempts_.empty()) view_.print(stop_text());
  int64_t min_steps = stop == Stop::kAfterOneStep ? 1 : 0;
  for (const auto& [leader, attempt] : attempts_) {
    send({{leader, order::StopRun{std::exchange(min_steps, 0)}}});
  }
}

bool Coordinator::may_start_run() const {
  if (stop_ == Stop::kAfterOneStep) return attempts_.empty() && !made_progress_;
  return stop_ == Stop::kNone;
}

void Coordinator::Attempt::measure_from(int64_t step, Clock::time_point now) {
  rate.restart(step, now);
  progress.step = step;
  progress.steps_per_second = 0;
}

// Not after each of thousands of messages.
void Coordinator::assign_ranks() {
  const auto now = options_.now();
  if (now < next_assignment_) return;
  next_assignment_ = now + kPollInterval;
  start_runs();
  regroup();
}

void Coordinator::start_runs() {
  if (results_wait_ && !store_waits_) return;
  while (!waiting_.empty() && may_start_run() && pool_.has_free_ranks()) {
    const auto [run, ranks] =
        waiting_.next(pool_.free_rank_count(), pool_.world_size(), running_runs());
    const auto orders = pool_.start_run(run, waiting_.sizes_of(run), ranks);
    if (orders.empty()) return;
    waiting_.remove(run);
    start(run, orders);
  }
}

void Coordinator::start(int run, const RankPool::Orders& orders) {
  const int leader = orders.front().rank;
  Attempt& attempt = attempts_[leader] = {};
  attempt.run = run;
  attempt.progress.working = true;
  attempt.progress.run = label(run);
  attempt.progress.ranks = static_cast<int>(orders.size());
  attempt.progress.total_steps = run_of(run).record.total_steps;
  attempt.progress.images_per_step = 2 * run_of(run).spec.train.batch_size;
  send(orders);
  if (stop_ == Stop::kAfterOneStep) send({{leader, order::StopRun{1}}});
}

// The ranks of a run can change while it trains at a known speed, unless the bits of its sum depend
// on their number. They wait until all runs in training have a known speed: otherwise they would
// join those that report first, which have short steps.
void Coordinator::regroup() {
  if (stop_ != Stop::kNone || !waiting_.empty()) return;
  std::vector<RankPool::Candidate> candidates;
  for (const auto& [leader, attempt] : attempts_) {
    const GroupProgress& now = attempt.progress;
    const RunSpec& spec = run_of(attempt.run).spec;
    if (!now.working || now.scoring) continue;
    if (!attempt.rate.was_known()) return;
    if (now.steps_per_second <= 0) continue;
    if (spec.run.reduction != Reduction::kCanonical) continue;
    candidates.push_back({leader, waiting_.sizes_of(attempt.run),
                          attempt.rate.seconds_left(now.total_steps, options_.now())});
  }
  send(pool_.regroup(candidates));
}

void Coordinator::end_training(int leader) {
  send(pool_.end_joining(leader));
  attempts_.at(leader).progress.scoring = true;
}

void Coordinator::on(int rank, const report::JoinReady& report) {
  send(pool_.join_ready(rank, report.run));
}

// The run continues without it.
void Coordinator::on(int rank, const report::JoinFailed& report) {
  view_.print(fmt::format("{}: rank {} cannot join: {}", label(report.run), rank, report.reason));
  send(pool_.join_failed(rank, report.run));
}

void Coordinator::on(int leader, const report::Regrouping& report) {
  send(pool_.regrouped(leader));
  Attempt& attempt = attempts_.at(leader);
  attempt.measure_from(report.step, options_.now());
  const auto ranks = static_cast<int>(pool_.ranks(leader).size());
  attempt.progress.ranks = ranks;
  store_.add_regrouping(attempt.id, report.step, ranks, report.hosts);
  view_.print(fmt::format("{}: {} {} from step {} on", attempt.progress.run, ranks,
                          ranks == 1 ? "rank" : "ranks", report.step));
}

void Coordinator::on(int rank, const report::RankFree&) {
  const auto [ended, orders] = pool_.leave_run(rank);
  if (ended) attempts_.erase(*ended);
  send(orders);
}

void Coordinator::on(int leader, const report::AttemptStarted& report) {
  Attempt& attempt = attempts_.at(leader);
  const auto& [run_id, hosts, device, ranks, first_step, versions, reduction] = report.attempt;
  const std::string before = store_.last_device(run_id);
  attempt.id = store_.begin_attempt(report.attempt);
  store_soon();
  attempt.first_step = first_step;
  attempt.measure_from(first_step, options_.now());
  attempt.progress.total_steps = report.total_steps;
  if (first_step == 0) return;
  view_.print(fmt::format("{}: continues from step {} of {}", attempt.progress.run, first_step,
                          report.total_steps));
  if (before != device) {
    view_.print(fmt::format("{}: started on {}, continues on {}: its bits may match neither",
                            attempt.progress.run, before, device));
  }
}

void Coordinator::on(int leader, const report::Progress& report) {
  Attempt& attempt = attempts_.at(leader);
  if (report.step > attempt.first_step) made_progress_ = true;
  attempt.rate.reached(report.step, options_.now());
  attempt.progress.step = report.step;
  attempt.progress.steps_per_second = attempt.rate.steps_per_second();
  attempt.progress.g_loss = report.g_loss;
  attempt.progress.d_loss = report.d_loss;
  attempt.g_curve.add(report.g_loss);
  attempt.d_curve.add(report.d_loss);
  if (attempt.progress.steps_per_second > 0) {
    waiting_.measured(attempt.run, attempt.progress.ranks / attempt.progress.steps_per_second);
  }
  if (report.losses.empty() && report.scores.empty()) return;
  store_.add_losses(run_of(attempt.run).record.id, report.losses);
  if (!report.scores.empty()) store_.add_scores(run_of(attempt.run).record.id, report.scores);
  store_.set_progress(attempt.id, report.step);
}

void Coordinator::on(int, const report::StopSignalled&) { stop(Stop::kNow); }

void Coordinator::on(int leader, const report::Scoring&) {
  attempts_.at(leader).scoring_start = options_.now();
  end_training(leader);
}

void Coordinator::on(int leader, const report::AttemptDone& report) {
  Attempt& attempt = attempts_.at(leader);
  store_.finish(attempt.id, report.step, report.input, report.metrics, report.artifacts);
  store_soon();
  done_.push_back(attempt.run);
  made_progress_ = true;
  if (attempt.progress.scoring) {
    scoring_seconds_ +=
        std::chrono::duration<double>(options_.now() - attempt.scoring_start).count();
    ++scored_;
  }
  ++outcome_.done;
  --outcome_.left;
  std::string scores;
  for (const auto& metric : report.metrics) {
    if (results::is_main_score(metric) && (metric.name == "fid" || metric.name == "kid")) {
      scores += fmt::format(" {} {} {}", metric.name, metric.direction, value_text(metric.value));
    }
  }
  view_.print(fmt::format("[{}/{}] {}: done,{} ({})", outcome_.done, plan_.runs.size(),
                          attempt.progress.run, scores, report.metrics.front().extractor));
  for (const Direction direction : run_of(attempt.run).spec.evaluate.directions) {
    if (!results::is_collapsed(report.metrics, to_string(direction))) continue;
    view_.print(
        fmt::format("{}: COLLAPSED: its {} outputs are nearly all alike, whatever the input; "
                    "its scores mean nothing",
                    attempt.progress.run, to_string(direction)));
  }
  attempt.progress.working = false;
}

void Coordinator::on(int leader, const report::AttemptFailed& report) {
  Attempt& attempt = attempts_.at(leader);
  const auto after = store_.fail(attempt.id, report.exit_class, report.reason);
  store_soon();
  made_progress_ = true;
  if (report.exit_class == results::ExitClass::kOutOfMemoryMayFit) {
    waiting_.allow_fewest_ranks_only(attempt.run);
  }
  end_training(leader);
  attempt.progress.working = false;
  const std::string what =
      fmt::format("{}: {}", results::to_string(report.exit_class), report.reason);
  if (after == results::RunState::kPlanned) {
    view_.print(fmt::format("{}: failed and will be tried again, {}", attempt.progress.run, what));
    waiting_.add(attempt.run);
    return;
  }
  ++outcome_.failed;
  --outcome_.left;
  view_.print(fmt::format("{}: FAILED, {}", attempt.progress.run, what));
}

void Coordinator::on(int leader, const report::AttemptStopped& report) {
  Attempt& attempt = attempts_.at(leader);
  store_.interrupt(attempt.id, results::ExitClass::kStopped, report.step, "stopped on request");
  store_soon();
  end_training(leader);
  view_.print(
      fmt::format("{}: stopped at step {}, checkpoint written", attempt.progress.run, report.step));
  attempt.progress.working = false;
  stop(Stop::kNow);
}

// The attempt keeps the reason; the next job closes all others as killed.
void Coordinator::on(int, const report::JobFailed& report) {
  const auto leader = pool_.leader_of(report.rank);
  if (leader && attempts_.at(*leader).progress.working) {
    Attempt& attempt = attempts_.at(*leader);
    if (attempt.id == 0) attempt.id = store_.begin_attempt(unreported_start(*leader));
    store_.interrupt(attempt.id, report.exit_class, attempt.progress.step, report.reason);
    store_.flush();
  }
  options_.abort_job(kExitLost);
}

// Of a group that has failed before its leader could report. The attempt must count: the next job
// would otherwise repeat it without end.
results::AttemptStart Coordinator::unreported_start(int leader) const {
  const JobRun& job_run = run_of(attempts_.at(leader).run);
  const RunSpec& spec = job_run.spec;
  const results::PlannedRun& record = job_run.record;
  return {.run_id = record.id,
          .hosts = "unknown",
          .device = pool_.device(leader),
          .ranks = static_cast<int>(pool_.ranks(leader).size()),
          .first_step = 0,
          .versions = "{}",
          .reduction = to_string(spec.run.reduction)};
}

const JobRun& Coordinator::run_of(int run) const { return plan_.runs.at(static_cast<size_t>(run)); }

std::string Coordinator::label(int run) const { return label_of(run_of(run).record); }

SweepProgress Coordinator::progress() const {
  SweepProgress now;
  now.name = plan_.name;
  now.done = outcome_.done;
  now.failed = outcome_.failed;
  now.waiting = waiting_.count();
  now.ranks = pool_.world_size();
  now.free_ranks = pool_.free_rank_count();
  now.training_seconds = waiting_.training_seconds(pool_.world_size(), running_runs());
  if (scored_ > 0) now.scoring_seconds = scoring_seconds_ / scored_;
  for (const auto& [leader, attempt] : attempts_) {
    if (!attempt.progress.working) continue;
    ++now.running;
    now.groups.push_back(attempt.progress);
    now.groups.back().g_curve = attempt.g_curve.values();
    now.groups.back().d_curve = attempt.d_curve.values();
  }
  return now;
}

// Those that train, or will when they have loaded their data.
std::vector<RunningRun> Coordinator::running_runs() const {
  std::vector<RunningRun> runs;
  for (const auto& [leader, attempt] : attempts_) {
    const GroupProgress& now = attempt.progress;
    if (now.working && !now.scoring)
      runs.push_back({attempt.run, now.ranks, now.total_steps - now.step});
  }
  return runs;
}

}  // namespace scgan::sweeps
