#include "sweeps/plan/schedule.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <queue>
#include <utility>

#include "core/base/error.h"
#include "core/spec/validate.h"

namespace scgan::sweeps {
namespace {

bool contains(const std::vector<int>& sizes, int size) {
  return std::find(sizes.begin(), sizes.end(), size) != sizes.end();
}

// The sizes that every run can use and that divide the number of ranks, ascending from 1.
std::vector<int> common_sizes(const std::vector<RunSpec>& runs, int world_size) {
  std::vector<int> sizes;
  for (int size = 1; size <= world_size; size *= 2) {
    const bool possible = std::all_of(runs.begin(), runs.end(), [&](const RunSpec& run) {
      return contains(possible_ranks_per_run(run), size);
    });
    if (possible && world_size % size == 0) sizes.push_back(size);
  }
  return sizes;
}

// The next larger size; the present one if there is none.
int next_size(const RunningGroup& group) {
  const auto larger = std::ranges::upper_bound(group.sizes, group.size);
  return larger == group.sizes.end() ? group.size : *larger;
}

// The next smaller size; the present one if there is none.
int previous_size(const RunningGroup& group) {
  const auto present = std::ranges::lower_bound(group.sizes, group.size);
  return present == group.sizes.begin() ? group.size : *std::prev(present);
}

std::vector<int> sizes_of(const std::vector<RunningGroup>& groups) {
  std::vector<int> sizes;
  for (const RunningGroup& group : groups) sizes.push_back(group.size);
  return sizes;
}

void resize(RunningGroup& group, int size) {
  group.seconds_left *= static_cast<double>(group.size) / size;
  group.size = size;
}

// Between the times that the group takes at its present and at its largest size: their geometric
// mean with weights 0.4 and 0.6, which simulations found best. With the first time alone, long runs
// would grow too late: when all others are done, they cannot use more ranks. With the second alone,
// they would take so many ranks now that too few are left for the others.
double urgency(const RunningGroup& group) {
  constexpr double kWeightOfLargest = 0.6;
  const double share = static_cast<double>(group.size) / group.sizes.back();
  return group.seconds_left * std::pow(share, kWeightOfLargest);
}

// Seconds until other groups end and `count` ranks become free; infinite if they never do.
double seconds_until_free(const std::vector<RunningGroup>& groups, size_t except, int count) {
  std::vector<std::pair<double, int>> ends;
  for (size_t i = 0; i < groups.size(); ++i) {
    if (i != except) ends.emplace_back(groups[i].seconds_left, groups[i].size);
  }
  std::ranges::sort(ends);
  for (const auto& [seconds, size] : ends) {
    count -= size;
    if (count <= 0) return seconds;
  }
  return std::numeric_limits<double>::infinity();
}

// Whether all may be done sooner if the free ranks, too few to let a group grow to `size`, wait for
// others instead of joining other groups: sooner than this group, should it never grow. They are
// done when the group is, and not before the time in which all ranks do all work, less what is lost
// by waiting.
bool is_worth_waiting(const std::vector<RunningGroup>& groups, size_t last, int size, int free) {
  const RunningGroup& group = groups[last];
  const double wait = seconds_until_free(groups, last, size - group.size - free);
  if (wait >= group.seconds_left) return false;
  const double end = wait + (group.seconds_left - wait) * group.size / size;
  double work = free * wait;
  int ranks = free;
  for (const RunningGroup& each : groups) {
    work += each.seconds_left * each.size;
    ranks += each.size;
  }
  return std::max(end, work / ranks) < group.seconds_left;
}

// The shortest time in which the groups and the free ranks could do all the work.
double least_seconds(const std::vector<RunningGroup>& groups, int free) {
  double work = 0, longest = 0;
  int ranks = free;
  for (const RunningGroup& group : groups) {
    const double alone = group.seconds_left * group.size;
    work += alone;
    ranks += group.size;
    longest = std::max(longest, alone / group.sizes.back());
  }
  return std::max(work / ranks, longest);
}

// Of the groups that can grow, the one that ends last.
std::optional<size_t> last_to_end(const std::vector<RunningGroup>& groups) {
  std::optional<size_t> last;
  for (size_t i = 0; i < groups.size(); ++i) {
    if (next_size(groups[i]) == groups[i].size) continue;
    if (!last || groups[i].seconds_left > groups[*last].seconds_left) last = i;
  }
  return last;
}

// Ranks move to the group that ends last, see sizes_after_regrouping().
std::vector<int> sizes_after_moving(const std::vector<RunningGroup>& groups, int free,
                                    double worth_seconds) {
  constexpr double kShareOfTime = 0.75;
  const std::vector<int> unchanged = sizes_of(groups);
  const std::optional<size_t> last = last_to_end(groups);
  if (!last) return unchanged;
  const double seconds = groups[*last].seconds_left;
  if ((1 - kShareOfTime) * seconds < worth_seconds) return unchanged;
  if (seconds <= least_seconds(groups, free)) return unchanged;
  std::vector<std::pair<double, size_t>> givers;  // with the time left after giving
  for (size_t i = 0; i < groups.size(); ++i) {
    RunningGroup group = groups[i];
    resize(group, previous_size(group));
    const bool may_give = i != *last && group.size < groups[i].size;
    if (may_give && group.seconds_left <= kShareOfTime * seconds) {
      givers.emplace_back(group.seconds_left, i);
    }
  }
  std::ranges::sort(givers);
  std::vector<int> sizes = unchanged;
  sizes[*last] = next_size(groups[*last]);
  int missing = sizes[*last] - groups[*last].size - free;
  for (const auto& [left, giver] : givers) {
    if (missing <= 0) break;
    sizes[giver] = previous_size(groups[giver]);
    missing -= groups[giver].size - sizes[giver];
  }
  return missing > 0 ? unchanged : sizes;
}

}  // namespace

int asked_ranks_per_run(const std::vector<RunSpec>& runs, int world_size) {
  if (runs.empty()) return 0;
  const int64_t asked = runs.front().run.ranks_per_run;
  const bool same = std::all_of(runs.begin(), runs.end(),
                                [&](const RunSpec& run) { return run.run.ranks_per_run == asked; });
  if (!same) {
    throw Error(ErrorKind::kInvalidSpec,
                "run.ranks_per_run must be the same for all runs of a sweep");
  }
  const std::vector<int> sizes = common_sizes(runs, world_size);
  if (asked != 0 && !contains(sizes, static_cast<int>(asked))) {
    throw Error(ErrorKind::kInvalidSpec,
                fmt::format("run.ranks_per_run: {} is not possible with {} ranks; it must divide "
                            "the number of ranks and train.batch_size / train.micro_batch: {}, or "
                            "auto",
                            asked, world_size, fmt::join(sizes, ", ")));
  }
  return static_cast<int>(asked);
}

std::vector<int> sizes_for(const RunSpec& run) {
  if (run.run.ranks_per_run != 0) return {static_cast<int>(run.run.ranks_per_run)};
  return possible_ranks_per_run(run);
}

int most_alike(const Devices& devices) {
  int most = 0;
  for (const std::string& device : devices) {
    most = std::max(most, static_cast<int>(std::count(devices.begin(), devices.end(), device)));
  }
  return most;
}

size_t next_run(const std::vector<double>& seconds, int ranks) {
  const auto longest = std::ranges::max_element(seconds);
  const double all = std::accumulate(seconds.begin(), seconds.end(), 0.0);
  return all > kTail * *longest * ranks ? 0 : static_cast<size_t>(longest - seconds.begin());
}

std::vector<int> choose_ranks(const std::set<int>& free, int count) {
  if (count == 0) return {};
  for (const int first : free) {
    if (first % count != 0) continue;
    std::vector<int> ranks;
    for (int rank = first; rank < first + count && free.contains(rank); ++rank) {
      ranks.push_back(rank);
    }
    if (ranks.size() == static_cast<size_t>(count)) return ranks;
  }
  return {free.begin(), std::next(free.begin(), count)};
}

std::vector<int> sizes_after_joining(std::vector<RunningGroup> groups, int free,
                                     double worth_seconds) {
  // Urgencies and negative indices: of equal ones, the first is on top.
  std::priority_queue<std::pair<double, std::ptrdiff_t>> queue;
  for (size_t i = 0; i < groups.size(); ++i) {
    queue.emplace(urgency(groups[i]), -static_cast<std::ptrdiff_t>(i));
  }
  while (free > 0 && !queue.empty()) {
    const std::ptrdiff_t negative = queue.top().second;
    queue.pop();
    const auto index = static_cast<size_t>(-negative);
    RunningGroup& group = groups[index];
    const int size = next_size(group), more = size - group.size;
    if (more == 0 || group.seconds_left < worth_seconds) continue;
    if (more > free) {
      if (is_worth_waiting(groups, index, size, free)) break;
      continue;
    }
    free -= more;
    resize(group, size);
    queue.emplace(urgency(group), negative);
  }
  return sizes_of(groups);
}

std::vector<int> sizes_after_regrouping(const std::vector<RunningGroup>& groups, int free,
                                        double worth_seconds) {
  std::vector<int> sizes = sizes_after_joining(groups, free, worth_seconds);
  return sizes == sizes_of(groups) ? sizes_after_moving(groups, free, worth_seconds) : sizes;
}

int starting_size(const std::vector<RunningGroup>& waiting, size_t next, int free) {
  for (const RunningGroup& run : waiting) {
    free -= run.size;
    if (free < 0) return waiting[next].size;
  }
  return sizes_after_joining(waiting, free, 0)[next];
}

std::vector<int> starting_ranks(const std::vector<int>& sizes, const FreeRanks& free, int size) {
  const std::set<int>* pool = nullptr;
  int most = 0;
  for (const auto& [device, ranks] : free) {
    const auto larger =
        std::ranges::upper_bound(sizes, std::min(size, static_cast<int>(ranks.size())));
    if (larger == sizes.begin() || *std::prev(larger) <= most) continue;
    most = *std::prev(larger);
    pool = &ranks;
  }
  return pool == nullptr ? std::vector<int>() : choose_ranks(*pool, most);
}

}  // namespace scgan::sweeps
