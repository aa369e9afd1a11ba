// WaitingRuns: the runs of a job that no rank trains: which of them starts next, on how many ranks,
// and how long all runs still take.
//
// Only the Coordinator's thread uses it. docs/scheduling.md explains the rules.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "results/store/result_store.h"
#include "sweeps/run/expected_times.h"
#include "sweeps/run/job_plan.h"

namespace scgan::sweeps {

// A run that ranks train.
struct RunningRun {
  int run = 0;  // index in the plan
  int ranks = 1;
  int64_t steps_left = 0;
};

class WaitingRuns {
 public:
  // `waiting`: indices in the plan, in order. `stored`: all runs of the plan, in its order;
  // `speeds`: what earlier jobs measured, by run id. The plan must outlive the object.
  WaitingRuns(const JobPlan& plan, std::vector<int> waiting,
              const std::vector<results::StoredRun>& stored,
              const std::map<std::string, RunSpeed>& speeds);

  bool empty() const { return waiting_.empty(); }
  int count() const { return static_cast<int>(waiting_.size()); }

  struct Start {
    int run = 0;
    // On at most so many ranks.
    int ranks = 1;
  };
  // What starts next if `free` of `world_size` ranks are free. There must be a waiting run.
  Start next(int free, int world_size, const std::vector<RunningRun>& running) const;
  void remove(int run);

  // Lets a run be tried again, after all others.
  void add(int run) { waiting_.push_back(run); }
  // The run had too little memory on more ranks than the fewest possible.
  void allow_fewest_ranks_only(int run) { fewest_ranks_only_.insert(run); }
  // The numbers of ranks that may train the run, ascending.
  std::vector<int> sizes_of(int run) const;

  // A run of this job needs this time of one rank for a step.
  void measured(int run, double seconds_per_step) { times_.measured(run, seconds_per_step); }
  // In which all ranks train the waiting runs and what is left of `running`; nullopt while no speed
  // is known.
  std::optional<double> training_seconds(int world_size,
                                         const std::vector<RunningRun>& running) const;

 private:
  size_t next_index(int world_size) const;
  int starting_size_of(size_t next, int free, int world_size,
                       const std::vector<RunningRun>& running) const;
  int useful_ranks(int world_size, const std::vector<RunningRun>& running) const;
  int64_t steps_left(int run) const;

  const JobPlan& plan_;
  std::vector<int> waiting_;         // in the plan's order; then those to be tried again
  std::vector<int64_t> steps_done_;  // by run, in the attempts of earlier jobs
  std::set<int> fewest_ranks_only_;
  ExpectedTimes times_;
};

}  // namespace scgan::sweeps
