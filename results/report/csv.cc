#include "results/report/csv.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <map>
#include <string_view>
#include <tuple>
#include <vector>

#include "results/report/differences.h"
#include "results/report/run_facts.h"

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
    "total_steps,train_seconds,steps_per_second,device,reduction,reason,metric,direction,step,"
    "value,n_real,n_fake,extractor,"
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
  csv.add(run.train_seconds > 0 ? static_cast<double>(run.trained_steps) / run.train_seconds : NAN);
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

std::string header_of(std::string_view header, const std::vector<std::string>& more) {
  CsvText titles("");
  titles.add(std::string_view());
  for (const std::string& title : more) titles.add(title);
  const std::string text = titles.take();
  return std::string(header) + text.substr(text.find('\n') + 1);
}

// Hyperparameters: empty if the key does not act in the run.
void add_settings(CsvText& csv, const SharedSpec& spec, const std::vector<std::string>& keys) {
  for (const std::string& key : keys) csv.add(acting_value(spec, key));
}

// Scores of one column of scores.csv agree in all of this.
using ScoreKey = std::tuple<std::string, std::string, std::string, std::string, std::string>;

ScoreKey score_key(const Metric& metric) {
  return {metric_name(metric), metric.direction, metric.extractor, metric.extractor_digest,
          metric.preprocessing};
}

struct ScoreColumn {
  std::string title;
  size_t index = 0;
};

using ScoreColumns = std::map<ScoreKey, ScoreColumn>;

// "fid AtoB"; if several extractors or inputs give that name, all of the key. In the order of the
// runs.
ScoreColumns score_columns(const Summary& summary) {
  ScoreColumns columns;
  std::map<std::string, int> names;
  for (const StoredRun* run : summary.runs) {
    for (const Metric& metric : run->metrics) {
      const std::string name = metric_name(metric) + " " + metric.direction;
      const auto [found, is_new] =
          columns.try_emplace(score_key(metric), ScoreColumn{name, columns.size()});
      if (is_new) ++names[name];
    }
  }
  for (auto& [key, column] : columns) {
    if (names[column.title] == 1) continue;
    const auto& [name, direction, extractor, digest, preprocessing] = key;
    column.title += fmt::format(" {} {} {}", extractor, digest, preprocessing);
  }
  return columns;
}

constexpr std::string_view kScoresHeader = "sweep,run_id,variant,percentage,seed,dataset,state";

}  // namespace

std::string runs_csv(const Summary& summary) {
  const std::vector<std::string> keys = differing_keys(summary);
  CsvText csv(header_of(kRunsHeader, keys));
  for (size_t i = 0; i < summary.runs.size(); ++i) {
    const StoredRun* run = summary.runs[i];
    const std::string& sweep = summary.sources[i]->sweep.name;
    for (const Metric& metric : run->metrics) {
      add_run(csv, sweep, *run);
      add_metric(csv, metric);
      add_settings(csv, *summary.specs[i], keys);
      csv.end_row();
    }
    if (!run->metrics.empty()) continue;
    add_run(csv, sweep, *run);
    for (int field = 0; field < kMetricFields; ++field) csv.add(std::string_view());
    add_settings(csv, *summary.specs[i], keys);
    csv.end_row();
  }
  return csv.take();
}

std::string scores_csv(const Summary& summary) {
  const std::vector<std::string> keys = differing_keys(summary);
  const ScoreColumns columns = score_columns(summary);
  std::vector<std::string> titles = keys;
  titles.resize(keys.size() + columns.size());
  for (const auto& [key, column] : columns) titles[keys.size() + column.index] = column.title;
  CsvText csv(header_of(kScoresHeader, titles));
  for (size_t i = 0; i < summary.runs.size(); ++i) {
    const StoredRun& run = *summary.runs[i];
    csv.add(summary.sources[i]->sweep.name);
    csv.add(run.plan.id);
    csv.add(run.plan.variant);
    csv.add(run.plan.percentage);
    csv.add(run.plan.seed);
    csv.add(run.plan.dataset);
    csv.add(to_string(run.state));
    add_settings(csv, *summary.specs[i], keys);
    // Of several steps, the last one counts.
    std::vector<const Metric*> scores(columns.size());
    for (const Metric& metric : run.metrics) {
      const Metric*& score = scores[columns.at(score_key(metric)).index];
      if (score == nullptr || metric.step >= score->step) score = &metric;
    }
    for (const Metric* score : scores) {
      if (score == nullptr) {
        csv.add(std::string_view());
      } else {
        csv.add(score->value);
      }
    }
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
