#include "tests/sweeps/run/simulated_world.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <numeric>
#include <random>
#include <stdexcept>
#include <utility>

namespace scgan::sweeps {
namespace {

// Work is added up in another order than it was divided.
constexpr double kRounding = 1e-9;
// The version of a group that does not train any more.
constexpr int64_t kScoring = -1;
constexpr double kFirstReportSeconds = 5;

Coordinator::Clock::time_point time_point(double seconds) {
  return Coordinator::Clock::time_point(std::chrono::duration_cast<Coordinator::Clock::duration>(
      std::chrono::duration<double>(seconds)));
}

// Adds the processor time of the thread, from here to the end of the block.
class MeasuredTime {
 public:
  explicit MeasuredTime(double& sum) : sum_(sum), start_(now()) {}
  MeasuredTime(const MeasuredTime&) = delete;
  MeasuredTime& operator=(const MeasuredTime&) = delete;
  ~MeasuredTime() { sum_ += now() - start_; }

 private:
  static double now() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
  }

  double& sum_;
  double start_;
};

}  // namespace

JobPlan simulated_plan(const std::vector<SimulatedRun>& runs) {
  JobPlan plan;
  plan.name = "simulated";
  plan.out = "simulated";
  for (const SimulatedRun& simulated : runs) {
    JobRun& run = plan.runs.emplace_back();
    run.spec.train.batch_size = simulated.most_ranks;
    run.spec.train.micro_batch = 1;
    run.record.id = fmt::format("{:016x}", plan.runs.size());
    run.record.variant = "v";
    run.record.seed = std::ssize(plan.runs);
    run.record.dataset = run.record.data_digest = "d";
    run.record.spec = "{}";
    run.record.total_steps = simulated.steps;
  }
  return plan;
}

std::vector<SimulatedRun> random_runs(const RandomRuns& kind) {
  std::mt19937_64 random(kind.seed);
  std::vector<SimulatedRun> runs;
  for (int i = 0; i < kind.count; ++i) {
    const double seconds = 600 + 5400 * static_cast<double>(random() % 1000) / 999;
    const int64_t steps = kind.times_are_expected ? static_cast<int64_t>(seconds) : 1000;
    runs.push_back({seconds, steps, kind.most_ranks});
  }
  return runs;
}

double lower_bound(const std::vector<SimulatedRun>& runs, int ranks) {
  double all = 0, longest = 0;
  for (const SimulatedRun& run : runs) {
    all += run.rank_seconds;
    int most = 1;
    while (2 * most <= std::min(ranks, run.most_ranks)) most *= 2;
    longest = std::max(longest, run.rank_seconds / most);
  }
  return std::max(all / ranks, longest);
}

// SQLite counts them in the header of the file.
int64_t transactions(const std::filesystem::path& store) {
  std::ifstream stream(store, std::ios::binary);
  std::array<unsigned char, 28> header{};
  stream.read(reinterpret_cast<char*>(header.data()), header.size());
  int64_t count = 0;
  for (size_t i = 24; i < 28; ++i) count = count << 8 | header.at(i);
  return count;
}

SimulatedWorld::SimulatedWorld(std::vector<SimulatedRun> runs, SimulatedCosts costs)
    : runs_(std::move(runs)), costs_(costs) {}

double SimulatedWorld::train(const JobPlan& plan, int ranks, results::ResultStore& store) {
  plan_ = &plan;
  std::vector<results::PlannedRun> records;
  for (const JobRun& run : plan.runs) records.push_back(run.record);
  store.plan({plan.name, "", "[]", "test"}, records);
  store.defer_commits();
  const Post post(*this);
  std::vector<int> waiting(runs_.size());
  std::iota(waiting.begin(), waiting.end(), 0);
  Coordinator coordinator(
      plan, waiting, store.runs(), Devices(static_cast<size_t>(ranks), "cpu: x"), post, store,
      {.quiet = true,
       .now = [this] { return time_point(now_); },
       .sleep = [this](std::chrono::milliseconds time) { sleep(time.count() / 1000.0); }});
  const SweepOutcome outcome = coordinator.finish();
  if (outcome.done != std::ssize(runs_)) throw std::runtime_error("some runs were not done");
  return now_;
}

// As often as it takes until the next event; once after a report, which may let the coordinator do
// something at its next look.
void SimulatedWorld::sleep(double seconds) {
  const bool is_idle = !std::exchange(has_reported_, false);
  const double next = is_idle && !events_.empty() ? events_.top().time : now_;
  now_ += std::max(1.0, std::ceil((next - now_) / seconds)) * seconds;
}

void SimulatedWorld::Post::send(int to, distributed::MailTag, const std::string& text) const {
  const MeasuredTime measured(world_.processor_seconds_);
  std::visit([&](const auto& order) { world_.follow(to, order); }, order_from_text(text));
}

std::optional<distributed::Mail> SimulatedWorld::Post::poll(distributed::MailTag) const {
  const MeasuredTime measured(world_.processor_seconds_);
  return world_.next_report();
}

std::optional<distributed::Mail> SimulatedWorld::next_report() {
  while (mail_.empty() && !events_.empty() && events_.top().time <= now_) {
    const Event event = events_.top();
    events_.pop();
    event.happen();
  }
  if (mail_.empty()) return std::nullopt;
  distributed::Mail mail = std::move(mail_.front());
  mail_.pop();
  ++reports_;
  has_reported_ = true;
  return mail;
}

void SimulatedWorld::at(double time, std::function<void()> happen) {
  events_.push({time, events_made_++, std::move(happen)});
}

void SimulatedWorld::report(int rank, const Report& report) { mail_.push({rank, to_text(report)}); }

void SimulatedWorld::follow(int rank, const order::StartRun& order) {
  if (rank != order.ranks.front()) return;
  Group group;
  group.run = order.run;
  group.ranks = order.ranks;
  groups_[rank] = group;
  at(now_ + costs_.start_seconds, [this, rank] { begin_training(rank); });
}

void SimulatedWorld::begin_training(int leader) {
  Group& group = groups_.at(leader);
  group.since = now_;
  group.speed = static_cast<int>(group.ranks.size());
  report(leader,
         report::AttemptStarted{{id_of(group), "host", "cpu: x", group.speed, 0, "{}", "canonical"},
                                run_of(group).steps});
  schedule_training(leader);
}

void SimulatedWorld::schedule_training(int leader) {
  Group& group = groups_.at(leader);
  group.version = ++versions_;
  const double left = (run_of(group).rank_seconds - group.work_done) / group.speed;
  after(left, leader, [this, leader] { finish_training(leader); });
  report_after(std::min(kFirstReportSeconds, costs_.report_seconds), leader);
}

double SimulatedWorld::seconds_to_step_end(const Group& group, double seconds) const {
  const double work_per_step =
      run_of(group).rank_seconds / static_cast<double>(run_of(group).steps);
  const double steps = std::ceil((group.work_done + seconds * group.speed) / work_per_step);
  return (steps * work_per_step - group.work_done) / group.speed;
}

void SimulatedWorld::report_after(double seconds, int leader) {
  after(seconds_to_step_end(groups_.at(leader), seconds), leader, [=, this] {
    report_progress(leader);
    report_after(std::min(2 * seconds, costs_.report_seconds), leader);
  });
}

void SimulatedWorld::after(double seconds, int leader, std::function<void()> happen) {
  at(now_ + seconds, [=, this, version = groups_.at(leader).version] {
    const auto group = groups_.find(leader);
    if (group != groups_.end() && group->second.version == version) happen();
  });
}

void SimulatedWorld::update(Group& group) const {
  group.work_done += (now_ - group.since) * group.speed;
  group.since = now_;
}

int64_t SimulatedWorld::step_of(const Group& group) const {
  const SimulatedRun& run = run_of(group);
  return static_cast<int64_t>((1 + kRounding) * group.work_done / run.rank_seconds *
                              static_cast<double>(run.steps));
}

void SimulatedWorld::report_progress(int leader) {
  Group& group = groups_.at(leader);
  update(group);
  report::Progress progress;
  progress.step = std::min(step_of(group), run_of(group).steps);
  const int64_t interval = costs_.curve_points == 0
                               ? 0
                               : std::max<int64_t>(1, run_of(group).steps / costs_.curve_points);
  for (int64_t step = group.reported_step + 1; interval > 0 && step <= progress.step; ++step) {
    if (step % interval != 0) continue;
    for (const char* name : {"g_adv_a", "g_adv_b", "cycle_a", "cycle_b", "identity_a", "identity_b",
                             "d_a", "d_b", "ssl_a", "ssl_b"}) {
      progress.losses.push_back({step, name, 0.5});
    }
  }
  group.reported_step = progress.step;
  report(leader, progress);
}

void SimulatedWorld::finish_training(int leader) {
  report_progress(leader);
  report(leader, report::Scoring{});
  groups_.at(leader).version = kScoring;
  at(now_ + costs_.scoring_seconds, [=, this] {
    const Group group = groups_.at(leader);
    groups_.erase(leader);
    const results::Metric fid{.name = "fid",
                              .direction = "AtoB",
                              .step = run_of(group).steps,
                              .value = 1,
                              .extractor = "e",
                              .extractor_digest = "d",
                              .preprocessing = "p"};
    report(leader, report::AttemptDone{run_of(group).steps, "{}", {fid}, {}});
    for (const int rank : group.ranks) report(rank, report::RankFree{});
    done_.push_back(group.run);
  });
}

void SimulatedWorld::follow(int rank, const order::PrepareJoin& order) {
  at(now_ + costs_.start_seconds, [=, this] { report(rank, report::JoinReady{order.run}); });
}

void SimulatedWorld::follow(int, const order::CancelJoin&) {}

// The group waits for ranks that join.
void SimulatedWorld::follow(int leader, const order::Regroup& order) {
  const auto found = groups_.find(leader);
  if (found == groups_.end() || found->second.version == kScoring) return;  // too late
  Group& group = found->second;
  update(group);
  report(leader, report::Regrouping{std::min(step_of(group), run_of(group).steps), "host"});
  if (order.ranks.size() > group.ranks.size()) {
    group.speed = 0;
    group.version = ++versions_;
    return;
  }
  for (const int rank : std::exchange(group.ranks, order.ranks)) {
    if (!std::ranges::count(order.ranks, rank)) report(rank, report::RankFree{});
  }
  group.speed = static_cast<int>(group.ranks.size());
  schedule_training(leader);
}

void SimulatedWorld::follow(int, const order::Join& order) {
  const int leader = order.ranks.front();
  Group& group = groups_.at(leader);
  group.ranks = order.ranks;
  group.since = now_;
  group.speed = static_cast<int>(order.ranks.size());
  schedule_training(leader);
}

void SimulatedWorld::follow(int, const order::StopRun&) {
  throw std::runtime_error("the sweep was stopped");
}

void SimulatedWorld::follow(int, const order::Exit&) {}

const SimulatedRun& SimulatedWorld::run_of(const Group& group) const {
  return runs_.at(static_cast<size_t>(group.run));
}

const std::string& SimulatedWorld::id_of(const Group& group) const {
  return plan_->runs.at(static_cast<size_t>(group.run)).record.id;
}

}  // namespace scgan::sweeps
