#include "sweeps/run/coordinator.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "core/base/error.h"
#include "core/base/log.h"
#include "distributed/mpi_runtime.h"
#include "sweeps/run/exit_code.h"
#include "sweeps/run/stop_signal.h"

namespace scgan::sweeps {
namespace {

constexpr auto kPollInterval = std::chrono::milliseconds(10);

std::string value_text(double value) { return fmt::format("{:.4g}", value); }

}  // namespace

Coordinator::Coordinator(const JobPlan& plan, std::vector<int> waiting, std::vector<int> leaders,
                         const distributed::Mailbox& mailbox, results::ResultStore& store,
                         bool quiet)
    : plan_(plan),
      waiting_(waiting.rbegin(), waiting.rend()),
      active_(static_cast<int>(leaders.size())),
      mailbox_(mailbox),
      store_(store),
      view_(quiet) {
  for (const int leader : leaders) groups_[leader];
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
  while (active_ > 0) {
    bool heard = false;
    while (auto mail = mailbox_.poll(distributed::MailTag::kToCoordinator)) {
      handle(*mail);
      heard = true;
    }
    if (stop_signalled() && !stopping_) spread_stop();
    view_.update(progress());
    if (!heard) std::this_thread::sleep_for(kPollInterval);
  }
}

void Coordinator::handle(const distributed::Mail& mail) {
  const Report report = report_from_text(mail.text);
  if (const auto* broken = std::get_if<JobBroken>(&report)) end_broken(*broken);
  Group& group = groups_.at(mail.from);
  if (std::holds_alternative<NextRun>(report)) {
    hand_out(mail.from);
  } else if (const auto* begun = std::get_if<AttemptBegun>(&report)) {
    on(group, *begun);
  } else if (const auto* steps = std::get_if<StepsDone>(&report)) {
    on(group, *steps);
  } else if (std::holds_alternative<Scoring>(report)) {
    group.progress.scoring = true;
  } else if (const auto* done = std::get_if<AttemptDone>(&report)) {
    on(group, *done);
  } else if (const auto* failed = std::get_if<AttemptFailed>(&report)) {
    on(group, *failed);
  } else if (const auto* stopped = std::get_if<AttemptStopped>(&report)) {
    on(group, *stopped);
  } else {
    --active_;
  }
}

void Coordinator::hand_out(int leader) {
  Group& group = groups_.at(leader);
  group = Group();
  if (!stopping_ && !waiting_.empty()) {
    group.run = waiting_.back();
    waiting_.pop_back();
    group.progress.working = true;
    group.progress.run = label(group.run);
    group.progress.total_steps = plan_.runs.at(static_cast<size_t>(group.run)).record.total_steps;
  }
  mailbox_.send(leader, distributed::MailTag::kToLeader, std::to_string(group.run));
}

void Coordinator::on(Group& group, const AttemptBegun& report) {
  group.attempt = store_.begin_attempt(report.attempt);
  group.progress.step = report.attempt.first_step;
  group.progress.total_steps = report.total_steps;
  group.rate_step = report.attempt.first_step;
  group.rate_start = std::chrono::steady_clock::now();
  if (report.attempt.first_step > 0) {
    view_.note(fmt::format("{}: continues from step {} of {}", group.progress.run,
                           report.attempt.first_step, report.total_steps));
  }
}

void Coordinator::on(Group& group, const StepsDone& report) {
  group.progress.step = report.step;
  group.progress.g_loss = report.g_loss;
  group.progress.d_loss = report.d_loss;
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - group.rate_start;
  if (elapsed.count() > 0) {
    group.progress.steps_per_second =
        static_cast<double>(report.step - group.rate_step) / elapsed.count();
  }
  if (report.losses.empty()) return;
  store_.add_losses(plan_.runs.at(static_cast<size_t>(group.run)).record.id, report.losses);
  store_.set_progress(group.attempt, report.step);
}

void Coordinator::on(Group& group, const AttemptDone& report) {
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

void Coordinator::on(Group& group, const AttemptFailed& report) {
  const auto after = store_.fail(group.attempt, report.exit_class, report.reason);
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

// The attempt keeps the reason; other attempts stay open and are known as lost by the next job.
void Coordinator::end_broken(const JobBroken& report) {
  const auto above = groups_.upper_bound(report.rank);
  if (above != groups_.begin()) {
    const Group& group = std::prev(above)->second;
    if (group.progress.working && group.attempt != 0) {
      store_.interrupt(group.attempt, report.exit_class, group.progress.step, report.reason);
    }
  }
  distributed::MpiRuntime::abort(kExitLost);
}

void Coordinator::on(Group& group, const AttemptStopped& report) {
  store_.interrupt(group.attempt, results::ExitClass::kStopped, report.step, "stopped on request");
  view_.note(
      fmt::format("{}: stopped at step {}, checkpoint written", group.progress.run, report.step));
  group.progress.working = false;
  if (!stopping_) spread_stop();
}

// A stop asked of one rank holds for the whole sweep.
void Coordinator::spread_stop() {
  stopping_ = true;
  for (const auto& [leader, group] : groups_) {
    mailbox_.send(leader, distributed::MailTag::kStop, "");
  }
}

std::string Coordinator::label(int run) const {
  const auto& record = plan_.runs.at(static_cast<size_t>(run)).record;
  std::string text =
      fmt::format("{} {:g} % seed {}", record.variant, record.percentage, record.seed);
  if (record.axes != "{}") text += " " + record.axes;
  return text;
}

SweepProgress Coordinator::progress() const {
  SweepProgress now;
  now.name = plan_.name;
  now.done = outcome_.done;
  now.failed = outcome_.failed;
  now.waiting = static_cast<int>(waiting_.size());
  for (const int run : waiting_) {
    now.steps_left += plan_.runs.at(static_cast<size_t>(run)).record.total_steps;
  }
  for (const auto& [leader, group] : groups_) {
    now.groups.push_back(group.progress);
    if (!group.progress.working) continue;
    ++now.running;
    now.steps_left += group.progress.total_steps - group.progress.step;
  }
  return now;
}

}  // namespace scgan::sweeps
