#include "results/report/footer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>

#include "core/base/sha256.h"
#include "core/base/version.h"

namespace scgan::results {
namespace {

void add_result(Sha256& digest, const StoredRun& run) {
  digest.update(fmt::format("{} {}\n", run.plan.id, to_string(run.state)));
  for (const Metric& metric : run.metrics) {
    digest.update(fmt::format("{} {} {} {} {} {} {} {} {} {}\n", metric.name,
                              to_string(metric.subject), to_string(metric.statistic),
                              metric.direction, metric.step, metric.value, metric.n_real,
                              metric.n_fake, metric.extractor_digest, metric.preprocessing));
  }
  for (const Artifact& artifact : run.artifacts) {
    digest.update(fmt::format("{} {}\n", artifact.path, artifact.sha256));
  }
}

// "Data set cells: digest 0123...", each once, in the order of the runs.
std::vector<std::string> lines_on_data(const Summary& summary) {
  std::vector<std::string> lines;
  std::set<std::string> known;
  for (const StoredRun* run : summary.runs) {
    const PlannedRun& plan = run->plan;
    if (!known.insert(plan.dataset + plan.data_digest).second) continue;
    lines.push_back(fmt::format("Data set {}: digest {}.", plan.dataset, plan.data_digest));
  }
  for (const MetricTable& table : summary.tables) {
    const ComparisonKey& key = table.key;
    if (!known.insert(key.extractor + key.extractor_digest).second) continue;
    lines.push_back(fmt::format("Extractor {}: digest {}.", key.extractor, key.extractor_digest));
  }
  return lines;
}

}  // namespace

std::string plan_digest(const ReportInput& input) {
  std::vector<std::string> ids;
  for (const StoredRun& run : input.runs) ids.push_back(run.plan.id);
  return plan_digest(ids);
}

std::string results_digest(const ReportInput& input) {
  std::vector<const StoredRun*> runs;
  for (const StoredRun& run : input.runs) runs.push_back(&run);
  std::ranges::sort(runs, {}, [](const StoredRun* run) { return std::string_view(run->plan.id); });
  Sha256 digest;
  for (const StoredRun* run : runs) add_result(digest, *run);
  return digest.hex();
}

std::vector<std::string> footer_lines(const Analysis& analysis) {
  std::vector<std::string> lines;
  for (const ReportInput& input : *analysis.inputs) {
    lines.push_back(fmt::format("Sweep {}: plan {}, results {}.", input.sweep.name,
                                plan_digest(input), results_digest(input)));
    if (!input.sweep.version.empty())
      lines.back() += " Last started with " + input.sweep.version + ".";
    lines.back() += input.verification.empty()
                        ? " Not verified: scgan_report --verify computes the scores again."
                        : " When this report was written: " + input.verification + ".";
  }
  std::ranges::move(lines_on_data(analysis.summary), std::back_inserter(lines));
  lines.push_back(fmt::format("Report written by {}.", version_text()));
  return lines;
}

}  // namespace scgan::results
