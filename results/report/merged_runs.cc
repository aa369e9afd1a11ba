#include "results/report/merged_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>

namespace scgan::results {
namespace {

// Among stores with the same run, the one with the highest precedence is shown.
int precedence(RunState state) {
  switch (state) {
    case RunState::kDone:
      return 3;
    case RunState::kRunning:
      return 2;
    case RunState::kFailed:
      return 1;
    case RunState::kPlanned:
      return 0;
  }
  return 0;
}

using MetricKey =
    std::tuple<std::string, Subject, Statistic, std::string, std::string, std::string, int64_t>;
using MetricValues = std::map<MetricKey, double>;

MetricValues metric_values(const StoredRun& run) {
  MetricValues values;
  for (const Metric& metric : run.metrics) {
    values[{metric.name, metric.subject, metric.statistic, metric.direction,
            metric.extractor_digest, metric.preprocessing, metric.step}] = metric.value;
  }
  return values;
}

// Versions differ in which metrics they store; those that both have must agree.
bool disagree(const MetricValues& a, const MetricValues& b) {
  return std::ranges::any_of(a, [&](const auto& entry) {
    const auto found = b.find(entry.first);
    return found != b.end() && found->second != entry.second;
  });
}

}  // namespace

MergedRuns merge_runs(const std::vector<ReportInput>& inputs) {
  MergedRuns merged;
  std::unordered_map<std::string, size_t> index_of;
  for (const ReportInput& input : inputs) {
    merged.conflicts.insert(merged.conflicts.end(), input.shard_problems.begin(),
                            input.shard_problems.end());
    for (const StoredRun& run : input.runs) {
      const auto [found, is_new] = index_of.emplace(run.plan.id, merged.runs.size());
      if (is_new) {
        merged.runs.push_back(&run);
        merged.sources.push_back(&input);
        continue;
      }
      const StoredRun*& other = merged.runs[found->second];
      const ReportInput*& source = merged.sources[found->second];
      const bool both_done = run.state == RunState::kDone && other->state == RunState::kDone;
      if (both_done && disagree(metric_values(run), metric_values(*other))) {
        merged.conflicts.push_back(
            fmt::format("Run {} has different results in {} and {}; the first is shown.",
                        run.plan.id, source->folder, input.folder));
      }
      if (precedence(run.state) > precedence(other->state)) {
        other = &run;
        source = &input;
      }
    }
  }
  return merged;
}

}  // namespace scgan::results
