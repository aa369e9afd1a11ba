// How the ranks of a job are divided among the runs: pure functions, so that they can be tested and
// simulated.
//
// Runs are the efficient axis: while enough of them wait, each has one rank. Only ranks that no run
// waits for are given to runs that are under way, which never changes their numbers. Ranks that
// compute on different models of processor or GPU give different bits: they never share a run.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/spec/run_spec.h"

namespace scgan::sweeps {

// What run.ranks_per_run asks for, the same in all runs; 0: auto, or no run. Throws
// Error(kInvalidSpec) naming the sizes that work when it does not divide `world_size` or is not
// possible for a run (batch_size / micro_batch).
int asked_ranks_per_run(const std::vector<RunSpec>& runs, int world_size);

// Numbers of ranks that may train `run`, ascending: the asked one, or all possible ones.
std::vector<int> sizes_for(const RunSpec& run);

// The device of every world rank, e.g. "cpu: <model name>".
using Devices = std::vector<std::string>;

// Those of `ranks` whose device is that of `rank`.
std::set<int> ranks_alike(const std::set<int>& ranks, int rank, const Devices& devices);

// The most ranks that have the same device.
int most_alike(const Devices& devices);

// With how many ranks the next of `waiting` runs begins when `free` ranks are idle: as many as
// leave the others one each, 0 if it has to wait. `sizes` of that run.
int starting_size(const std::vector<int>& sizes, int free, int waiting);

// The ranks with which it begins, all of one device: of the one that allows the most. Empty if it
// has to wait.
std::vector<int> starting_ranks(const std::vector<int>& sizes, const std::set<int>& free,
                                int waiting, const Devices& devices);

// `count` of the free ranks: neighbours that begin at a multiple of `count`, which share a host
// where they can, else the lowest. `count` is at most free.size().
std::vector<int> choose_ranks(const std::set<int>& free, int count);

struct RunningGroup {
  int size = 1;             // ranks now
  std::vector<int> sizes;   // sizes_for(its run)
  double seconds_left = 0;  // of training, at the present size
};

// Less than this is not worth the disturbance: the joining ranks read data and build networks.
inline constexpr double kWorthJoiningSeconds = 5;

// The sizes to which the groups should grow when no run waits and `free` ranks are idle, in the
// order given: the run that would end last is helped first, none that has less than `worth_seconds`
// left. Seconds are taken to shrink in proportion to the ranks.
std::vector<int> sizes_after_joining(const std::vector<RunningGroup>& groups, int free,
                                     double worth_seconds = kWorthJoiningSeconds);

}  // namespace scgan::sweeps
