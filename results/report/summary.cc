#include "results/report/summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>
#include <utility>

#include "core/base/sha256.h"
#include "core/base/stats.h"
#include "results/figures/boxplot.h"

namespace scgan::results {
namespace {

using Json = nlohmann::json;

constexpr std::array kTabledMetrics = {"fid", "kid", "recovered_change"};
constexpr std::array kBaselineSubjects = {Subject::kRealHalves, Subject::kUntranslated};

// The JSON object in `text`; an empty one if the text is anything else.
Json parse_object(const std::string& text) {
  Json object = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return object.is_object() ? object : Json::object();
}

// The rows of one table. A row's cells have one variant, axes and settings.
class CellGrid {
 public:
  // The cell of the run, new if it is the first one.
  Cell& cell_of(const StoredRun& run, const SharedSpec& spec) {
    const size_t row = row_of(run, spec);
    const auto [found, is_new] =
        index_of_.emplace(std::pair(row, run.plan.percentage), cells_.size());
    if (is_new) {
      cells_.push_back({.variant = run.plan.variant,
                        .axes = run.plan.axes,
                        .settings = spec.settings_digest,
                        .label = {},
                        .percentage = run.plan.percentage,
                        .spec = &spec,
                        .values = {},
                        .runs = {},
                        .collapsed = {},
                        .steps = {}});
    }
    return cells_[found->second];
  }

  // Rows in the order of their first run, percentages ascending.
  std::vector<Cell> take() {
    std::vector<Cell> sorted;
    for (const auto& [place, index] : index_of_) {
      sorted.push_back(std::move(cells_[index]));
      sorted.back().label = label_of(place.first);
    }
    return sorted;
  }

 private:
  struct Row {
    std::string label;
    const SharedSpec* spec;
  };

  size_t row_of(const StoredRun& run, const SharedSpec& spec) {
    const auto [found, is_new] = row_index_.emplace(
        std::tuple(run.plan.variant, run.plan.axes, spec.settings_digest), rows_.size());
    if (is_new) {
      rows_.push_back({run_label(run.plan), &spec});
      sharing_label_[rows_.back().label].push_back(&spec);
    }
    return found->second;
  }

  std::string label_of(size_t row) const {
    const Row& own = rows_[row];
    const auto& sharing = sharing_label_.at(own.label);
    if (sharing.size() == 1) return own.label;
    return fmt::format("{} ({})", own.label, differences(*own.spec, sharing));
  }

  // "train.batch_size=4, train.epochs=200": the settings that not all of `sharing` have. Of many
  // only the first ones, and the digest of all.
  static std::string differences(const SharedSpec& own,
                                 const std::vector<const SharedSpec*>& sharing) {
    constexpr size_t kMostShown = 2, kDigits = 6;
    std::vector<std::string> words;
    for (const auto& [path, value] : own.keys.settings) {
      const bool differs = std::ranges::any_of(sharing, [&](const SharedSpec* other) {
        const auto found = other->keys.settings.find(path);
        return found == other->keys.settings.end() || found->second != value;
      });
      if (differs) words.push_back(path + "=" + shortened(plain_text(value)));
    }
    if (words.size() > kMostShown || words.empty()) {
      words.resize(std::min(words.size(), kMostShown));
      words.push_back("#" + own.settings_digest.substr(0, kDigits));
    }
    return fmt::format("{}", fmt::join(words, ", "));
  }

  // Digests are long.
  static std::string shortened(const std::string& value) {
    constexpr size_t kLongest = 20, kKept = 12;
    return value.size() > kLongest ? value.substr(0, kKept) : value;
  }

  std::vector<Cell> cells_;
  std::map<std::pair<size_t, double>, size_t> index_of_;  // row, percentage -> cell
  std::vector<Row> rows_;
  std::map<std::tuple<std::string, std::string, std::string>, size_t> row_index_;
  std::map<std::string, std::vector<const SharedSpec*>> sharing_label_;
};

ComparisonKey comparison_key(const PlannedRun& plan, const SharedSpec& spec, const Metric& metric) {
  return {.dataset = plan.dataset,
          .data_digest = plan.data_digest,
          .metric = metric.name,
          .direction = metric.direction,
          .extractor = metric.extractor,
          .extractor_digest = metric.extractor_digest,
          .preprocessing = metric.preprocessing,
          .n_real = metric.n_real,
          .n_fake = metric.n_fake,
          .reference = spec.keys.reference};
}

void add_baselines(const StoredRun& run, const ComparisonKey& key, std::vector<Baseline>& all) {
  for (const Subject subject : kBaselineSubjects) {
    for (const Metric& metric : run.metrics) {
      if (metric.name != key.metric || metric.subject != subject ||
          metric.direction != key.direction || metric.extractor_digest != key.extractor_digest ||
          metric.extractor != key.extractor || metric.preprocessing != key.preprocessing) {
        continue;
      }
      const auto found = std::ranges::find_if(all, [&](const Baseline& each) {
        return each.subject == subject && each.n_real == metric.n_real &&
               each.n_fake == metric.n_fake;
      });
      if (found == all.end()) {
        all.push_back({subject, metric.value, metric.value, metric.n_real, metric.n_fake});
      } else {
        found->low = std::min(found->low, metric.value);
        found->high = std::max(found->high, metric.value);
      }
    }
  }
}

int64_t feature_count_of(const StoredRun& run, const ComparisonKey& key) {
  for (const Metric& metric : run.metrics) {
    if (metric.name == kFeatureCount && metric.extractor_digest == key.extractor_digest) {
      return static_cast<int64_t>(metric.value);
    }
  }
  return 0;
}

// Sorts the runs into tables.
class TableSorter {
 public:
  // The run's scores of the metric open the tables of the report, in this order.
  void open_tables(const StoredRun& run, const SharedSpec& spec, const char* metric_name) {
    if (run.state != RunState::kDone) return;
    for (const Metric& metric : run.metrics) {
      if (metric.name != metric_name || !is_main_score(metric)) continue;
      const auto [found, is_new] = index_of_.emplace(place_of(run, spec, metric), tables_.size());
      if (!is_new) continue;
      tables_.push_back({comparison_key(run.plan, spec, metric), {}, {}, 0, {}});
      of_reference_[reference_of(run, spec)].push_back(tables_.size() - 1);
    }
  }

  // Call it once for each run, in plan order, after all tables are open.
  void add(const StoredRun& run, const SharedSpec& spec) {
    if (run.state == RunState::kDone) {
      add_scores(run, spec);
    } else {
      add_unfinished(run, spec);
    }
  }

  std::vector<MetricTable> take() {
    std::vector<MetricTable> all;
    for (Opened& table : tables_) {
      all.push_back({.key = std::move(table.key),
                     .cells = table.grid.take(),
                     .baselines = std::move(table.baselines),
                     .feature_count = table.feature_count,
                     .distinctions = {}});
    }
    return all;
  }

 private:
  struct Opened {
    ComparisonKey key;
    CellGrid grid;
    std::vector<Baseline> baselines;
    int64_t feature_count = 0;
    // The scores of the run that is added now: the last step counts.
    const Metric* score = nullptr;
  };
  using Reference = std::tuple<std::string, std::string, size_t>;
  using Place = std::tuple<Reference, std::string, std::string, std::string, std::string,
                           std::string, int64_t, int64_t>;

  static Reference reference_of(const StoredRun& run, const SharedSpec& spec) {
    return {run.plan.dataset, run.plan.data_digest, spec.reference_id};
  }
  static Place place_of(const StoredRun& run, const SharedSpec& spec, const Metric& metric) {
    return {reference_of(run, spec), metric.name,          metric.direction, metric.extractor,
            metric.extractor_digest, metric.preprocessing, metric.n_real,    metric.n_fake};
  }

  void add_scores(const StoredRun& run, const SharedSpec& spec) {
    std::set<size_t> touched;
    for (const Metric& metric : run.metrics) {
      if (!is_main_score(metric)) continue;
      const auto found = index_of_.find(place_of(run, spec, metric));
      if (found == index_of_.end()) continue;
      const Metric*& score = tables_[found->second].score;
      if (score == nullptr || metric.step > score->step) score = &metric;
      touched.insert(found->second);
    }
    for (const size_t index : touched) {
      Opened& table = tables_[index];
      Cell& cell = table.grid.cell_of(run, spec);
      cell.steps.insert(run.plan.total_steps);
      cell.values.push_back(table.score->value);
      cell.runs.push_back(&run);
      cell.collapsed.push_back(is_collapsed(run.metrics, table.key.direction));
      table.score = nullptr;
      table.feature_count = std::max(table.feature_count, feature_count_of(run, table.key));
      add_baselines(run, table.key, table.baselines);
    }
  }

  // Without a score only the spec says to which tables the run will belong.
  void add_unfinished(const StoredRun& run, const SharedSpec& spec) {
    const auto found = of_reference_.find(reference_of(run, spec));
    if (found == of_reference_.end()) return;
    const std::string extractor = spec_value(spec, "evaluate.extractor.digest");
    for (const size_t index : found->second) {
      Opened& table = tables_[index];
      if (!extractor.empty() && extractor != table.key.extractor_digest) continue;
      Cell& cell = table.grid.cell_of(run, spec);
      cell.steps.insert(run.plan.total_steps);
      ++cell.unfinished;
      if (run.state == RunState::kFailed) ++cell.failed;
    }
  }

  std::vector<Opened> tables_;
  std::map<Place, size_t> index_of_;
  std::map<Reference, std::vector<size_t>> of_reference_;
};

// What a table's key says, as words: "data.scaling" -> "dtype".
KeyValues described(const ComparisonKey& key) {
  constexpr size_t kDigits = 12;
  KeyValues words;
  for (const auto& [path, value] : key.reference) words[path] = plain_text(value);
  words["data digest"] = key.data_digest.substr(0, kDigits);
  words["extractor"] = key.extractor;
  words["extractor digest"] = key.extractor_digest.substr(0, kDigits);
  words["input of the extractor"] = key.preprocessing;
  words["real images"] = fmt::format("{}", key.n_real);
  words["generated images"] = fmt::format("{}", key.n_fake);
  return words;
}

// Tables that would have the same title. That of the recovered change does not name the extractor.
bool share_a_title(const ComparisonKey& a, const ComparisonKey& b) {
  return a.dataset == b.dataset && a.metric == b.metric && a.direction == b.direction &&
         (a.extractor == b.extractor || a.metric == "recovered_change");
}

void distinguish(std::vector<MetricTable>& tables) {
  for (MetricTable& table : tables) {
    const KeyValues words = described(table.key);
    for (const auto& [name, value] : words) {
      const bool differs = std::ranges::any_of(tables, [&](const MetricTable& other) {
        if (!share_a_title(table.key, other.key)) return false;
        const KeyValues others = described(other.key);
        const auto found = others.find(name);
        return found == others.end() || found->second != value;
      });
      if (differs) table.distinctions.push_back(fmt::format("{}: {}", name, value));
    }
  }
}

}  // namespace

Statistics statistics(const std::vector<double>& values) {
  constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
  const bool has_quartiles = values.size() >= kFewestForQuartiles;
  return {.median = median(values),
          .q1 = has_quartiles ? quantile(values, 0.25) : kMissing,
          .q3 = has_quartiles ? quantile(values, 0.75) : kMissing,
          .mean = mean(values),
          .sd = sample_sd(values)};
}

Summary summarize(const std::vector<ReportInput>& inputs) {
  MergedRuns merged = merge_runs(inputs);
  Summary summary{.runs = std::move(merged.runs),
                  .sources = std::move(merged.sources),
                  .specs = {},
                  .tables = {},
                  .conflicts = std::move(merged.conflicts),
                  .shared_specs = std::make_shared<SharedSpecs>()};
  for (const StoredRun* run : summary.runs)
    summary.specs.push_back(&summary.shared_specs->of(*run));
  TableSorter sorter;
  for (const char* metric : kTabledMetrics) {
    for (size_t i = 0; i < summary.runs.size(); ++i) {
      sorter.open_tables(*summary.runs[i], *summary.specs[i], metric);
    }
  }
  for (size_t i = 0; i < summary.runs.size(); ++i) sorter.add(*summary.runs[i], *summary.specs[i]);
  summary.tables = sorter.take();
  distinguish(summary.tables);
  // The tables of a data set stand together; data sets are in the order of the runs.
  std::vector<std::pair<std::string, std::string>> datasets;
  for (const StoredRun* run : summary.runs) {
    std::pair dataset(run->plan.dataset, run->plan.data_digest);
    if (std::ranges::find(datasets, dataset) == datasets.end()) datasets.push_back(dataset);
  }
  std::ranges::stable_sort(summary.tables, {}, [&](const MetricTable& table) {
    return std::ranges::find(datasets, std::pair(table.key.dataset, table.key.data_digest)) -
           datasets.begin();
  });
  return summary;
}

bool is_recovered_change(const MetricTable& table) {
  return table.key.metric == "recovered_change";
}

std::optional<size_t> best_index(const MetricTable& table, const Cell& cell) {
  std::optional<size_t> best;
  for (size_t i = 0; i < cell.values.size(); ++i) {
    if (cell.collapsed[i]) continue;
    const bool is_better =
        best && (is_recovered_change(table) ? cell.values[i] > cell.values[*best]
                                            : cell.values[i] < cell.values[*best]);
    if (!best || is_better) best = i;
  }
  return best;
}

int64_t collapsed_count(const Cell& cell) { return std::ranges::count(cell.collapsed, true); }

std::string run_label(const PlannedRun& run) {
  std::string label = run.variant;
  const Json axes = parse_object(run.axes);
  for (const auto& [path, value] : axes.items()) {
    label += fmt::format(" {}={}", path, plain_text(value.dump()));
  }
  return label;
}

}  // namespace scgan::results
