#include "sweeps/run/coordinator.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>

#include "core/base/error.h"
#include "core/base/log.h"
#include "distributed/mpi_runtime.h"
#include "sweeps/run/exit_code.h"
#include "sweeps/run/stop_signal.h"

namespace scgan::sweeps {
namespace {

constexpr auto kPollInterval = std::chrono::milliseconds(10);

// Tests set it low.
double worth_joining_seconds() {
  const char* text = std::getenv("SCGAN_WORTH_JOINING_SECONDS");
  return text == nullptr ? kWorthJoiningSeconds : std::atof(text);
}

std::string value_text(double value) { return fmt::format("{:.4g}", value); }

}  // namespace

Coordinator::Coordinator(const JobPlan& plan, std::vector<int> waiting, Devices devices,
                         const distributed::Mailbox& mailbox, results::ResultStore& store,
                         bool quiet)
    : plan_(plan),
      waiting_(waiting.rbegin(), waiting.rend()),
      devices_(std::move(devices)),
      worth_joining_seconds_(worth_joining_seconds()),
      mailbox_(mailbox),
      store_(store),
      view_(quiet) {
  for (int rank = 0; rank < static_cast<int>(devices_.size()); ++rank) free_.insert(rank);
  outcome_.left = static_cast<int>(waiting_.size());
  for (const auto& run : plan.runs) {
    if (store.state(run.record.id) == results::RunState::kDone) ++outcome_.done;
  }
  outcome_.failed = static_cast<int>(plan.runs.size()) - outcome_.done - outcome_.left;
  thread_ = std::thread([this] {
    try {
      serve();
    } catch (const std::exception& problem) {
      // The groups cannot go on without the store; nobody would answer them.
      log::error("{}", problem.what());
      distributed::MpiRuntime::abort(kExitLost);
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

void Coordinator::serve() {
  for (;;) {
    bool heard = false;
    while (auto mail = mailbox_.poll(distributed::MailTag::kToCoordinator)) {
      handle(*mail);
      heard = true;
    }
    if (stop_signalled() && !stopping_) spread_stop();
    if (over()) break;
    begin_runs();
    widen_groups();
    view_.update(progress());
    if (!heard) std::this_thread::sleep_for(kPollInterval);
  }
  for (int rank = 0; rank < static_cast<int>(devices_.size()); ++rank) order(rank, Leave{});
}

void Coordinator::handle(const distributed::Mail& mail) {
  std::visit([&](const auto& report) { on(mail.from, report); }, report_from_text(mail.text));
}

bool Coordinator::over() const { return groups_.empty() && (waiting_.empty() || stopping_); }

void Coordinator::order(int rank, const Order& order) const {
  mailbox_.send(rank, distributed::MailTag::kOrder, to_text(order));
}

void Coordinator::begin_runs() {
  while (!stopping_ && !waiting_.empty() && !free_.empty()) {
    const int run = waiting_.back();
    const std::vector<int> ranks =
        starting_ranks(sizes_for(plan_.runs.at(static_cast<size_t>(run)).spec), free_,
                       static_cast<int>(waiting_.size()), devices_);
    if (ranks.empty()) return;
    waiting_.pop_back();
    Group& group = groups_[ranks.front()];
    group.run = run;
    group.ranks = ranks;
    group.at_work.insert(ranks.begin(), ranks.end());
    group.progress.working = true;
    group.progress.run = label(run);
    group.progress.ranks = static_cast<int>(ranks.size());
    group.progress.total_steps = record(run).total_steps;
    for (const int rank : ranks) {
      free_.erase(rank);
      order(rank, Work{run, ranks});
    }
  }
}

void Coordinator::widen_groups() {
  if (stopping_ || !waiting_.empty()) return;
  std::set<int> seen;  // one rank of each device that is free
  for (const int rank : free_) {
    if (ranks_alike(seen, rank, devices_).empty()) seen.insert(rank);
  }
  for (const int rank : seen) widen_groups_like(rank);
}

void Coordinator::widen_groups_like(int rank) {
  const std::set<int> free = ranks_alike(free_, rank, devices_);
  std::vector<Group*> able;
  std::vector<RunningGroup> running;
  for (auto& [leader, group] : groups_) {
    if (ranks_alike({leader}, rank, devices_).empty() || !can_be_joined(group)) continue;
    able.push_back(&group);
    const GroupProgress& now = group.progress;
    running.push_back({now.ranks, sizes_for(plan_.runs.at(static_cast<size_t>(group.run)).spec),
                       static_cast<double>(now.total_steps - now.step) / now.steps_per_second});
  }
  const auto sizes = widened_sizes(running, static_cast<int>(free.size()), worth_joining_seconds_);
  std::set<int> left = free;
  for (size_t i = 0; i < able.size(); ++i) {
    const std::vector<int> ranks = choose_ranks(left, sizes[i] - running[i].size);
    for (const int chosen : ranks) left.erase(chosen);
    prepare_to_join(*able[i], ranks);
  }
}

// In training, so fast that it is known what it gains, by a sum whose bits more ranks do not
// change.
bool Coordinator::can_be_joined(const Group& group) const {
  const GroupProgress& now = group.progress;
  const RunSpec& spec = plan_.runs.at(static_cast<size_t>(group.run)).spec;
  return now.working && !now.scoring && now.steps_per_second > 0 && !group.is_joined() &&
         group.may_be_joined && spec.run.reduction == Reduction::kCanonical;
}

void Coordinator::prepare_to_join(Group& group, const std::vector<int>& ranks) {
  for (const int rank : ranks) {
    free_.erase(rank);
    group.preparing.insert(rank);
    order(rank, Prepare{group.run});
  }
}

// Their answers may still be on the way; on(Ready) passes them over.
void Coordinator::dismiss_joining(Group& group) {
  group.ready.merge(group.preparing);
  for (const int rank : group.ready) {
    order(rank, Dismiss{});
    free_.insert(rank);
  }
  group.ready.clear();
  group.preparing.clear();
}

void Coordinator::end_training(Group& group) {
  dismiss_joining(group);
  group.progress.scoring = true;
}

Coordinator::Group* Coordinator::group_of_joining(int rank, int run) {
  for (auto& [leader, group] : groups_) {
    if (group.run == run && group.preparing.contains(rank)) return &group;
  }
  return nullptr;
}

void Coordinator::on(int rank, const Ready& report) {
  Group* group = group_of_joining(rank, report.run);
  if (group == nullptr) return;  // the run has ended meanwhile
  group->ready.insert(group->preparing.extract(rank));
  if (!group->preparing.empty()) return;
  std::vector<int> ranks = group->ranks;
  ranks.insert(ranks.end(), group->ready.begin(), group->ready.end());
  order(group->ranks.front(), Widen{std::move(ranks)});
}

// The run goes on without.
void Coordinator::on(int rank, const CannotJoin& report) {
  Group* group = group_of_joining(rank, report.run);
  if (group == nullptr) return;
  view_.note(fmt::format("{}: rank {} cannot join: {}", group->progress.run, rank, report.reason));
  group->may_be_joined = false;
  group->preparing.erase(rank);
  free_.insert(rank);
  dismiss_joining(*group);
}

void Coordinator::on(int leader, const Widening& report) {
  Group& group = groups_.at(leader);
  group.ranks.insert(group.ranks.end(), group.ready.begin(), group.ready.end());
  group.at_work.insert(group.ready.begin(), group.ready.end());
  for (const int rank : group.ready) order(rank, Join{group.ranks});
  group.ready.clear();
  group.progress.ranks = static_cast<int>(group.ranks.size());
  group.progress.step = report.step;
  group.progress.steps_per_second = 0;
  group.rate_step = report.step;
  group.rate_start = std::chrono::steady_clock::now();
  store_.widen(group.attempt, report.step, group.progress.ranks);
  view_.note(fmt::format("{}: {} ranks from step {} on", group.progress.run, group.progress.ranks,
                         report.step));
}

void Coordinator::on(int rank, const Free&) {
  const auto found = std::find_if(groups_.begin(), groups_.end(), [&](const auto& item) {
    return item.second.at_work.contains(rank);
  });
  if (found == groups_.end()) {
    throw Error(ErrorKind::kCommunication, fmt::format("rank {} is free twice", rank));
  }
  Group& group = found->second;
  group.at_work.erase(rank);
  if (!group.at_work.empty()) return;
  free_.insert(group.ranks.begin(), group.ranks.end());
  groups_.erase(found);
}

void Coordinator::on(int leader, const AttemptBegun& report) {
  Group& group = groups_.at(leader);
  const std::string before = store_.last_device(report.attempt.run_id);
  group.attempt = store_.begin_attempt(report.attempt);
  group.progress.step = report.attempt.first_step;
  group.progress.total_steps = report.total_steps;
  group.rate_step = report.attempt.first_step;
  group.rate_start = std::chrono::steady_clock::now();
  if (report.attempt.first_step > 0) {
    view_.note(fmt::format("{}: continues from step {} of {}", group.progress.run,
                           report.attempt.first_step, report.total_steps));
    if (before != report.attempt.device) {
      view_.note(fmt::format("{}: began on {}, goes on on {}: its bits may be of neither",
                             group.progress.run, before, report.attempt.device));
    }
  }
}

void Coordinator::on(int leader, const StepsDone& report) {
  Group& group = groups_.at(leader);
  group.progress.step = report.step;
  group.progress.g_loss = report.g_loss;
  group.progress.d_loss = report.d_loss;
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - group.rate_start;
  if (elapsed.count() > 0) {
    group.progress.steps_per_second =
        static_cast<double>(report.step - group.rate_step) / elapsed.count();
  }
  if (report.losses.empty()) return;
  store_.add_losses(record(group.run).id, report.losses);
  store_.set_progress(group.attempt, report.step);
}

void Coordinator::on(int leader, const Scoring&) { end_training(groups_.at(leader)); }

void Coordinator::on(int leader, const AttemptDone& report) {
  Group& group = groups_.at(leader);
  store_.finish(group.attempt, report.step, report.metrics, report.artifacts);
  ++outcome_.done;
  --outcome_.left;
  std::string scores;
  for (const auto& metric : report.metrics) {
    if (metric.name == "fid" || metric.name == "kid") {
      scores += fmt::format(" {} {} {}", metric.name, metric.direction, value_text(metric.value));
    }
  }
  view_.note(fmt::format("[{}/{}] {}: done,{} ({})", outcome_.done, plan_.runs.size(),
                         group.progress.run, scores, report.metrics.front().extractor));
  group.progress.working = false;
}

void Coordinator::on(int leader, const AttemptFailed& report) {
  Group& group = groups_.at(leader);
  const auto after = store_.fail(group.attempt, report.exit_class, report.reason);
  end_training(group);
  group.progress.working = false;
  const std::string what =
      fmt::format("{}: {}", results::to_string(report.exit_class), report.reason);
  if (after == results::RunState::kPlanned) {
    view_.note(fmt::format("{}: failed and will be tried again, {}", group.progress.run, what));
    waiting_.insert(waiting_.begin(), group.run);
    return;
  }
  ++outcome_.failed;
  --outcome_.left;
  view_.note(fmt::format("{}: FAILED, {}", group.progress.run, what));
}

void Coordinator::on(int leader, const AttemptStopped& report) {
  Group& group = groups_.at(leader);
  store_.interrupt(group.attempt, results::ExitClass::kStopped, report.step, "stopped on request");
  end_training(group);
  view_.note(
      fmt::format("{}: stopped at step {}, checkpoint written", group.progress.run, report.step));
  group.progress.working = false;
  if (!stopping_) spread_stop();
}

// The attempt keeps the reason; other attempts stay open and are known as lost by the next job.
void Coordinator::on(int, const JobBroken& report) {
  for (const auto& [leader, group] : groups_) {
    if (!group.at_work.contains(report.rank)) continue;
    if (group.progress.working && group.attempt != 0) {
      store_.interrupt(group.attempt, report.exit_class, group.progress.step, report.reason);
    }
  }
  distributed::MpiRuntime::abort(kExitLost);
}

// A stop asked of one rank holds for the whole sweep.
void Coordinator::spread_stop() {
  stopping_ = true;
  for (const auto& [leader, group] : groups_) order(leader, Stop{});
}

const results::PlannedRun& Coordinator::record(int run) const {
  return plan_.runs.at(static_cast<size_t>(run)).record;
}

std::string Coordinator::label(int run) const {
  const auto& planned = record(run);
  std::string text =
      fmt::format("{} {:g} % seed {}", planned.variant, planned.percentage, planned.seed);
  if (planned.axes != "{}") text += " " + planned.axes;
  return text;
}

SweepProgress Coordinator::progress() const {
  SweepProgress now;
  now.name = plan_.name;
  now.done = outcome_.done;
  now.failed = outcome_.failed;
  now.waiting = static_cast<int>(waiting_.size());
  for (const int run : waiting_) now.steps_left += record(run).total_steps;
  for (const auto& [leader, group] : groups_) {
    now.groups.push_back(group.progress);
    if (!group.progress.working) continue;
    ++now.running;
    now.steps_left += group.progress.total_steps - group.progress.step;
  }
  return now;
}

}  // namespace scgan::sweeps
