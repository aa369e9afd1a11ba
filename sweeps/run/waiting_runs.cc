#include "sweeps/run/waiting_runs.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "sweeps/plan/schedule.h"

namespace scgan::sweeps {
namespace {

bool may_fit_on_fewer_ranks(const results::EndedAttempt& attempt) {
  return attempt.exit_class == results::ExitClass::kOutOfMemoryMayFit;
}

}  // namespace

WaitingRuns::WaitingRuns(const JobPlan& plan, std::vector<int> waiting,
                         const std::vector<results::StoredRun>& stored,
                         const std::map<std::string, RunSpeed>& speeds)
    : plan_(plan), waiting_(std::move(waiting)), times_(plan, speeds) {
  for (const results::StoredRun& run : stored) {
    if (std::ranges::any_of(run.ended_attempts, may_fit_on_fewer_ranks)) {
      fewest_ranks_only_.insert(static_cast<int>(steps_done_.size()));
    }
    steps_done_.push_back(run.last_step);
  }
}

WaitingRuns::Start WaitingRuns::next(int free, int world_size,
                                     const std::vector<RunningRun>& running) const {
  const size_t index = next_index(world_size);
  return {waiting_[index], starting_size_of(index, free, world_size, running)};
}

void WaitingRuns::remove(int run) { waiting_.erase(std::ranges::find(waiting_, run)); }

std::vector<int> WaitingRuns::sizes_of(int run) const {
  std::vector<int> sizes = sizes_for(plan_.runs.at(static_cast<size_t>(run)).spec);
  if (fewest_ranks_only_.contains(run)) sizes.resize(1);
  return sizes;
}

std::optional<double> WaitingRuns::training_seconds(int world_size,
                                                    const std::vector<RunningRun>& running) const {
  if (!times_.are_seconds()) return std::nullopt;
  double all = 0, longest = 0;
  const auto add = [&](int run, int64_t steps, int ranks) {
    const double seconds = times_.seconds(run, steps);
    all += seconds;
    longest = std::max(longest, seconds / ranks);
  };
  for (const int run : waiting_) {
    add(run, steps_left(run), std::min(sizes_of(run).back(), world_size));
  }
  for (const RunningRun& each : running) add(each.run, each.steps_left, each.ranks);
  return std::max(all / world_size, longest);
}

size_t WaitingRuns::next_index(int world_size) const {
  std::vector<double> seconds;
  seconds.reserve(waiting_.size());
  for (const int run : waiting_) seconds.push_back(times_.seconds(run, steps_left(run)));
  return next_run(seconds, world_size);
}

int WaitingRuns::starting_size_of(size_t next, int free, int world_size,
                                  const std::vector<RunningRun>& running) const {
  const int fewest = sizes_of(waiting_[next]).front();
  if (count() > free) return fewest;
  // Ranks that not all runs can have join when it is known which runs are long.
  if (!times_.are_seconds() && useful_ranks(world_size, running) > world_size) return fewest;
  std::vector<RunningGroup> groups;
  for (const int run : waiting_) {
    const std::vector<int> sizes = sizes_of(run);
    const double seconds = times_.seconds(run, steps_left(run)) / sizes.front();
    groups.push_back({sizes.front(), sizes, seconds});
  }
  return starting_size(groups, next, free);
}

// All that the waiting and the running runs could use at once.
int WaitingRuns::useful_ranks(int world_size, const std::vector<RunningRun>& running) const {
  int ranks = 0;
  const auto add = [&](int run) {
    const std::vector<int> sizes = sizes_of(run);
    const auto larger = std::ranges::upper_bound(sizes, world_size);
    if (larger != sizes.begin()) ranks += *std::prev(larger);
  };
  for (const int run : waiting_) add(run);
  for (const RunningRun& each : running) add(each.run);
  return ranks;
}

int64_t WaitingRuns::steps_left(int run) const {
  const auto index = static_cast<size_t>(run);
  return plan_.runs.at(index).record.total_steps - steps_done_.at(index);
}

}  // namespace scgan::sweeps
