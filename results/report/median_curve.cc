#include "results/report/median_curve.h"

#include <algorithm>
#include <set>

#include "core/base/stats.h"

namespace scgan::results {
namespace {

// The last step of each group.
std::vector<int64_t> last_steps(const std::vector<StepValues>& runs, size_t most_points) {
  std::set<int64_t> all;
  for (const StepValues& run : runs) {
    for (const auto& [step, value] : run) all.insert(step);
  }
  const size_t together = (all.size() + most_points - 1) / most_points;
  std::vector<int64_t> last;
  size_t count = 0;
  for (const int64_t step : all) {
    if (++count % together == 0 || count == all.size()) last.push_back(step);
  }
  return last;
}

}  // namespace

Curve median_curve(const std::vector<StepValues>& runs, size_t most_points) {
  Curve curve;
  std::vector<size_t> next(runs.size());
  bool has_band = false;
  for (const int64_t last : last_steps(runs, most_points)) {
    std::vector<double> values;
    for (size_t run = 0; run < runs.size(); ++run) {
      std::vector<double> together;
      for (; next[run] < runs[run].size() && runs[run][next[run]].first <= last; ++next[run]) {
        together.push_back(runs[run][next[run]].second);
      }
      if (!together.empty()) values.push_back(mean(together));
    }
    const bool quartiles = values.size() >= kFewestForQuartileBand;
    curve.step.push_back(static_cast<double>(last));
    curve.median.push_back(median(values));
    curve.low.push_back(quantile(values, quartiles ? 0.25 : 0));
    curve.high.push_back(quantile(values, quartiles ? 0.75 : 1));
    has_band = has_band || values.size() > 1;
  }
  if (!has_band) {
    curve.low.clear();
    curve.high.clear();
  }
  return curve;
}

}  // namespace scgan::results
