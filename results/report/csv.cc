#include "results/report/csv.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

namespace scgan::results {
namespace {

// Builds a CSV text row by row.
class CsvText {
 public:
  explicit CsvText(std::string_view header) : text_(header) { text_ += '\n'; }

  void add(std::string_view field) {
    separate();
    if (field.find_first_of(",\"\r\n") == std::string_view::npos) {
      text_ += field;
      return;
    }
    text_ += '"';
    for (const char c : field) text_ += c == '"' ? "\"\"" : std::string(1, c);
    text_ += '"';
  }
  void add(int64_t field) { add(std::string_view(fmt::format("{}", field))); }
  void add(double field) { add(std::isnan(field) ? std::string_view() : fmt::format("{}", field)); }

  void end_row() {
    text_ += '\n';
    is_first_ = true;
  }

  std::string take() { return std::move(text_); }

 private:
  void separate() {
    if (!is_first_) text_ += ',';
    is_first_ = false;
  }

  std::string text_;
  bool is_first_ = true;
};

constexpr std::string_view kRunsHeader =
    "sweep,run_id,variant,percentage,seed,axes,dataset,data_digest,images_a,images_b,state,"
    "attempts,last_step,"
    "total_steps,train_seconds,device,reduction,reason,metric,direction,step,value,n_real,n_fake,"
    "extractor,"
    "extractor_digest,preprocessing";
constexpr int kMetricFields = 9;

constexpr std::string_view kSummaryHeader =
    "dataset,data_digest,metric,direction,extractor,extractor_digest,preprocessing,n_real,n_fake,"
    "variant,axes,"
    "settings_digest,percentage,least_steps,most_steps,planned,n,collapsed,median,q1,q3,mean,sd,"
    "best,"
    "best_run_id";
constexpr int kBestFields = 2;

void add_run(CsvText& csv, const std::string& sweep, const StoredRun& run) {
  csv.add(sweep);
  csv.add(run.plan.id);
  csv.add(run.plan.variant);
  csv.add(run.plan.percentage);
  csv.add(run.plan.seed);
  csv.add(run.plan.axes);
  csv.add(run.plan.dataset);
  csv.add(run.plan.data_digest);
  csv.add(run.plan.images_a);
  csv.add(run.plan.images_b);
  csv.add(to_string(run.state));
  csv.add(static_cast<int64_t>(run.attempts));
  csv.add(run.last_step);
  csv.add(run.plan.total_steps);
  csv.add(run.train_seconds);
  csv.add(run.device);
  csv.add(run.reduction);
  csv.add(run.reason);
}

// "fid", "kid_subset_mean", "fid_untranslated": the columns name, statistic and subject in one, so
// that a row's meaning has one name.
std::string metric_name(const Metric& metric) {
  std::string name = metric.name;
  if (metric.statistic != Statistic::kFull) name += fmt::format("_{}", to_string(metric.statistic));
  if (metric.subject != Subject::kTranslated) name += fmt::format("_{}", to_string(metric.subject));
  return name;
}

void add_metric(CsvText& csv, const Metric& metric) {
  csv.add(metric_name(metric));
  csv.add(metric.direction);
  csv.add(metric.step);
  csv.add(metric.value);
  csv.add(metric.n_real);
  csv.add(metric.n_fake);
  csv.add(metric.extractor);
  csv.add(metric.extractor_digest);
  csv.add(metric.preprocessing);
}

}  // namespace

std::string runs_csv(const Summary& summary) {
  CsvText csv(kRunsHeader);
  for (size_t i = 0; i < summary.runs.size(); ++i) {
    const StoredRun* run = summary.runs[i];
    const std::string& sweep = summary.sources[i]->sweep.name;
    for (const Metric& metric : run->metrics) {
      add_run(csv, sweep, *run);
      add_metric(csv, metric);
      csv.end_row();
    }
    if (!run->metrics.empty()) continue;
    add_run(csv, sweep, *run);
    for (int field = 0; field < kMetricFields; ++field) csv.add(std::string_view());
    csv.end_row();
  }
  return csv.take();
}

std::string summary_csv(const Summary& summary) {
  CsvText csv(kSummaryHeader);
  for (const MetricTable& table : summary.tables) {
    for (const Cell& cell : table.cells) {
      const ComparisonKey& key = table.key;
      for (const std::string& field : {key.dataset, key.data_digest, key.metric, key.direction,
                                       key.extractor, key.extractor_digest, key.preprocessing}) {
        csv.add(field);
      }
      csv.add(key.n_real);
      csv.add(key.n_fake);
      for (const std::string& field : {cell.variant, cell.axes, cell.settings}) csv.add(field);
      csv.add(cell.percentage);
      csv.add(*cell.steps.begin());
      csv.add(*cell.steps.rbegin());
      csv.add(static_cast<int64_t>(cell.values.size()) + cell.unfinished);
      csv.add(static_cast<int64_t>(cell.values.size()));
      csv.add(collapsed_count(cell));
      const Statistics all = statistics(cell.values);
      for (const double value : {all.median, all.q1, all.q3, all.mean, all.sd}) csv.add(value);
      if (const auto best = best_index(table, cell)) {
        csv.add(cell.values[*best]);
        csv.add(cell.runs[*best]->plan.id);
      } else {
        for (int field = 0; field < kBestFields; ++field) csv.add(std::string_view());
      }
      csv.end_row();
    }
  }
  return csv.take();
}

}  // namespace scgan::results
