#include "sweeps/plan/schedule.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

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

std::set<int> ranks_alike(const std::set<int>& ranks, int rank, const Devices& devices) {
  const std::string& device = devices.at(static_cast<size_t>(rank));
  std::set<int> alike;
  for (const int other : ranks) {
    if (devices.at(static_cast<size_t>(other)) == device) alike.insert(other);
  }
  return alike;
}

int most_alike(const Devices& devices) {
  int most = 0;
  for (const std::string& device : devices) {
    most = std::max(most, static_cast<int>(std::count(devices.begin(), devices.end(), device)));
  }
  return most;
}

int starting_size(const std::vector<int>& sizes, int free, int waiting) {
  const int share = std::max(free / std::max(waiting, 1), sizes.front());
  if (share > free) return 0;
  return *std::prev(std::upper_bound(sizes.begin(), sizes.end(), share));
}

std::vector<int> starting_ranks(const std::vector<int>& sizes, const std::set<int>& free,
                                int waiting, const Devices& devices) {
  std::set<int> pool;
  int size = 0;
  for (const int rank : free) {
    const std::set<int> alike = ranks_alike(free, rank, devices);
    const int possible = starting_size(sizes, static_cast<int>(alike.size()), waiting);
    if (possible <= size) continue;
    size = possible;
    pool = alike;
  }
  return size == 0 ? std::vector<int>() : choose_ranks(pool, size);
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
  for (const RunningGroup& group : groups) sizes.push_back(group.size);
  const auto left = [&](size_t i) { return groups[i].seconds_left * groups[i].size / sizes[i]; };
  for (;;) {
    size_t last = groups.size();  // index of the group that ends last
    for (size_t i = 0; i < groups.size(); ++i) {
      const bool can = next_size(groups[i].sizes, sizes[i], free) > sizes[i];
      if (!can || left(i) < worth_seconds) continue;
      if (last == groups.size() || left(i) > left(last)) last = i;
    }
    if (last == groups.size()) return sizes;
    const int grown = next_size(groups[last].sizes, sizes[last], free);
    free -= grown - sizes[last];
    sizes[last] = grown;
  }
}

}  // namespace scgan::sweeps
