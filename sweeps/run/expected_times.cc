#include "sweeps/run/expected_times.h"

#include <string>

#include "sweeps/plan/shard.h"

namespace scgan::sweeps {
namespace {

// Weight of a new measurement in the running mean of its kind.
constexpr double kNewWeight = 0.1;

void move_mean(std::optional<double>& mean, double value) {
  mean = mean ? *mean + kNewWeight * (value - *mean) : value;
}

}  // namespace

ExpectedTimes::ExpectedTimes(const JobPlan& plan, const std::map<std::string, RunSpeed>& stored) {
  std::map<std::string, size_t> kinds;
  for (const JobRun& run : plan.runs) {
    const auto [kind, is_new] = kinds.emplace(speed_key(run.spec), kinds_.size());
    if (is_new) kinds_.emplace_back().cost = expected_cost(run.spec, 1);
    kind_of_.push_back(kind->second);
  }
  for (size_t run = 0; run < plan.runs.size(); ++run) {
    const auto known = stored.find(plan.runs[run].record.id);
    if (known != stored.end()) measured(static_cast<int>(run), known->second.seconds_per_step);
  }
}

void ExpectedTimes::measured(int run, double seconds_per_step) {
  Kind& kind = kinds_.at(kind_of_.at(static_cast<size_t>(run)));
  move_mean(kind.seconds_per_step, seconds_per_step);
  move_mean(seconds_per_cost_, seconds_per_step / kind.cost);
}

double ExpectedTimes::seconds(int run, int64_t steps) const {
  const Kind& kind = kinds_.at(kind_of_.at(static_cast<size_t>(run)));
  return static_cast<double>(steps) *
         kind.seconds_per_step.value_or(kind.cost * seconds_per_cost_.value_or(1));
}

}  // namespace scgan::sweeps
