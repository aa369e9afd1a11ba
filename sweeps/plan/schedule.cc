#include "sweeps/plan/schedule.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/spec/validate.h"

namespace scgan::sweeps {
namespace {

// Sizes that every run can use and that divide the world, ascending, from 1.
std::vector<int> common_sizes(const std::vector<RunSpec>& runs, int world_size) {
  std::vector<int> sizes;
  for (int size = 1; size <= world_size; size *= 2) {
    const bool possible = std::all_of(runs.begin(), runs.end(), [&](const RunSpec& run) {
      const std::vector<int> of_run = possible_ranks_per_run(run);
      return std::find(of_run.begin(), of_run.end(), size) != of_run.end();
    });
    if (possible && world_size % size == 0) sizes.push_back(size);
  }
  return sizes;
}

int asked_size(const std::vector<RunSpec>& runs, const std::vector<int>& sizes, int world_size) {
  const int64_t asked = runs.front().run.ranks_per_run;
  const bool same = std::all_of(runs.begin(), runs.end(),
                                [&](const RunSpec& run) { return run.run.ranks_per_run == asked; });
  if (!same) {
    throw Error(ErrorKind::kInvalidSpec,
                "run.ranks_per_run must be the same for all runs of a sweep");
  }
  if (asked != 0 && std::find(sizes.begin(), sizes.end(), asked) == sizes.end()) {
    throw Error(ErrorKind::kInvalidSpec,
                fmt::format("run.ranks_per_run: {} is not possible with {} ranks; it must divide "
                            "the number of ranks and train.batch_size / train.micro_batch: {}, or "
                            "auto",
                            asked, world_size, fmt::join(sizes, ", ")));
  }
  return static_cast<int>(asked);
}

}  // namespace

int ranks_per_group(const std::vector<RunSpec>& waiting, int world_size) {
  if (waiting.empty()) return 1;
  const std::vector<int> sizes = common_sizes(waiting, world_size);
  const int asked = asked_size(waiting, sizes, world_size);
  if (asked != 0) return asked;
  int best = 1;
  for (const int size : sizes) {
    const auto groups = static_cast<size_t>(world_size / size);
    if (groups >= waiting.size()) best = size;
  }
  return best;
}

}  // namespace scgan::sweeps
