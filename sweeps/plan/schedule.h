// Divides the ranks of a job among its runs. Pure functions, so that they can be tested and
// simulated.
//
// One rank per run is most efficient, so each run has one while enough runs wait. Ranks that no run
// waits for join running runs, and move from runs that end soon to those that end last; neither
// changes their numbers. Ranks on different models of processor or GPU compute different bits and
// never share a run.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/spec/run_spec.h"

namespace scgan::sweeps {

// The value of run.ranks_per_run, which must be the same in all runs; 0 if it is auto or there is
// no run. Throws Error(kInvalidSpec) with the possible values if it does not divide `world_size` or
// is not possible for a run (batch_size / micro_batch).
int asked_ranks_per_run(const std::vector<RunSpec>& runs, int world_size);

// The numbers of ranks that may train `run`, ascending: run.ranks_per_run, or all possible ones.
std::vector<int> sizes_for(const RunSpec& run);

// The device of every world rank, e.g. "cpu: <model name>".
using Devices = std::vector<std::string>;

// Idle ranks by device.
using FreeRanks = std::map<std::string, std::set<int>>;

// The largest number of ranks with the same device.
int most_alike(const Devices& devices);

// If the waiting runs keep all ranks busy for less than this many times what the longest of them
// takes on one rank, the longest starts first.
inline constexpr double kTail = 1;

// Which of the waiting runs starts next, as an index into `seconds`: the times that they are
// expected to take on one rank, in the plan's order. The first one, so that the sweep stays
// balanced; but when it nears its end (kTail), the longest one, so that none is left over.
size_t next_run(const std::vector<double>& seconds, int ranks);

// Chooses `count` of the free ranks: preferably neighbours from a multiple of `count` on, which are
// likely to share a host, otherwise the lowest ones. `count` must be at most free.size().
std::vector<int> choose_ranks(const std::set<int>& free, int count);

struct RunningGroup {
  // Current number of ranks.
  int size = 1;
  // See sizes_for.
  std::vector<int> sizes;
  // Time that training still takes at the current size.
  double seconds_left = 0;
};

// If less time is left, joining costs more than it saves: the new ranks must read the data and
// build the networks.
inline constexpr double kWorthJoiningSeconds = 5;

// The sizes to which `groups` should grow, in the same order, if no run waits and `free` ranks are
// idle. Groups with much left at their present and at their largest size grow first; those with
// less than `worth_seconds` left do not grow. Ranks stay idle if too few are free for the next
// group and waiting for more ends the job sooner. The time left is assumed to be inversely
// proportional to the number of ranks.
std::vector<int> sizes_after_joining(std::vector<RunningGroup> groups, int free,
                                     double worth_seconds = kWorthJoiningSeconds);

// The same, but if no free rank should join, groups may also become smaller: the one that ends last
// grows by the free ranks and by half of those of groups that end soon. A group gives ranks away if
// it still ends within three quarters of the time that the last one has left. Nothing changes if
// this saves less than `worth_seconds`, or if the last group ends within the time in which all
// ranks together could do all the work.
std::vector<int> sizes_after_regrouping(const std::vector<RunningGroup>& groups, int free,
                                        double worth_seconds = kWorthJoiningSeconds);

// The number of ranks with which the next of the waiting runs should begin if `free` ranks are
// idle. `waiting`: at their smallest sizes; `next`: index of the next one. Its smallest size; but
// if there are ranks for all waiting runs, some begin on more, as in sizes_after_joining().
int starting_size(const std::vector<RunningGroup>& waiting, size_t next, int free);

// The ranks with which a run begins that should have `size` of them: fewer, if no device has so
// many free ranks. All have the same device, the one that allows the most ranks. Empty if the run
// must wait.
std::vector<int> starting_ranks(const std::vector<int>& sizes, const FreeRanks& free, int size);

}  // namespace scgan::sweeps
