// How long the runs of a job are expected to take: from measured speeds where there are any, from
// the cost that plan/shard.h expects otherwise. Decides only in which order runs start and what the
// progress view says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sweeps/run/job_plan.h"
#include "sweeps/run/run_speed.h"

namespace scgan::sweeps {

class ExpectedTimes {
 public:
  // `stored`: what earlier jobs measured, by run id. The plan must outlive the object.
  explicit ExpectedTimes(const JobPlan& plan, const std::map<std::string, RunSpeed>& stored = {});

  // A run of this job needs this time of one rank for a step.
  void measured(int run, double seconds_per_step);

  // The time of one rank for `steps` steps of a run (index in the plan). Until a speed is known, it
  // has a unit that means something only in comparison with other runs.
  double seconds(int run, int64_t steps) const;
  // Whether a speed is known.
  bool are_seconds() const { return seconds_per_cost_.has_value(); }

 private:
  struct Kind {  // runs that cost the same per step
    double cost = 0;
    std::optional<double> seconds_per_step;
  };

  std::vector<size_t> kind_of_;  // by run
  std::vector<Kind> kinds_;
  // Of the kinds measured.
  std::optional<double> seconds_per_cost_;
};

}  // namespace scgan::sweeps
