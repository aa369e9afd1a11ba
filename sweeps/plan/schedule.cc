#include "sweeps/plan/schedule.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>
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

// The next larger size that needs at most `free` more ranks; `size` itself if there is none.
int next_size(const std::vector<int>& sizes, int size, int free) {
  const auto larger = std::upper_bound(sizes.begin(), sizes.end(), size);
  return larger == sizes.end() || *larger - size > free ? size : *larger;
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

std::vector<int> sizes_after_joining(const std::vector<RunningGroup>& groups, int free,
                                     double worth_seconds) {
  std::vector<int> sizes;
  // Seconds left and negative index: of equal ones, the first is on top.
  std::priority_queue<std::pair<double, std::ptrdiff_t>> by_end;
  for (const RunningGroup& group : groups) {
    by_end.emplace(group.seconds_left, -std::ssize(sizes));
    sizes.push_back(group.size);
  }
  while (free > 0 && !by_end.empty() && by_end.top().first >= worth_seconds) {
    const auto [left, index] = by_end.top();
    by_end.pop();
    const auto last = static_cast<size_t>(-index);
    const int size = sizes[last];
    const int grown = next_size(groups[last].sizes, size, free);
    if (grown == size) continue;  // nor later, with even fewer free ranks
    free -= grown - size;
    sizes[last] = grown;
    by_end.emplace(left * size / grown, index);
  }
  return sizes;
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
