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

std::string plain_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string digest_of(const KeyValues& values) { return sha256_hex(Json(values).dump()); }

using StoredSpecs = std::map<const StoredRun*, StoredSpec>;

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

struct Candidate {
  const StoredRun* run;
  const std::string* folder;
};

void merge(const std::vector<ReportInput>& inputs, Summary& summary) {
  std::map<std::string, size_t> index_of;
  std::vector<Candidate> chosen;
  for (const ReportInput& input : inputs) {
    for (const StoredRun& run : input.runs) {
      const auto [found, is_new] = index_of.emplace(run.plan.id, chosen.size());
      if (is_new) {
        chosen.push_back({&run, &input.folder});
        continue;
      }
      Candidate& other = chosen[found->second];
      const bool both_done = run.state == RunState::kDone && other.run->state == RunState::kDone;
      if (both_done && disagree(metric_values(run), metric_values(*other.run))) {
        summary.conflicts.push_back(
            fmt::format("Run {} has different results in {} and {}; the first is shown.",
                        run.plan.id, *other.folder, input.folder));
      }
      if (precedence(run.state) > precedence(other.run->state)) other = {&run, &input.folder};
    }
  }
  for (const Candidate& each : chosen) summary.runs.push_back(each.run);
}

// The cells of one data set's runs, and which of them a run belongs to.
class CellGrid {
 public:
  CellGrid(const std::vector<const StoredRun*>& runs, const StoredSpecs& specs) {
    for (const StoredRun* run : runs) {
      Group group{run->plan.variant, run->plan.axes, digest_of(specs.at(run).settings)};
      if (std::ranges::find(groups_, group) == groups_.end()) {
        groups_.push_back(group);
        sharing_label_[run_label(run->plan)].push_back(&specs.at(run).settings);
      }
      settings_of_.emplace(run, &specs.at(run).settings);
      group_of_.emplace(run, std::move(group));
    }
  }

  Cell empty_cell(const StoredRun* run) const {
    const Group& group = group_of_.at(run);
    std::string label = run_label(run->plan);
    if (const auto& sharing = sharing_label_.at(label); sharing.size() > 1) {
      label += fmt::format(" ({})", differences(*settings_of_.at(run), sharing, group.settings));
    }
    return {.variant = group.variant,
            .axes = group.axes,
            .settings = group.settings,
            .label = std::move(label),
            .percentage = run->plan.percentage,
            .values = {},
            .run_ids = {},
            .collapsed = {},
            .steps = {}};
  }

  // Sort key of the table's rows: by group in plan order, then by percentage.
  std::pair<size_t, double> order(const Cell& cell) const {
    const Group group{cell.variant, cell.axes, cell.settings};
    const auto found = std::ranges::find(groups_, group);
    return {static_cast<size_t>(std::distance(groups_.begin(), found)), cell.percentage};
  }

 private:
  struct Group {
    std::string variant, axes, settings;
    bool operator==(const Group&) const = default;
  };
  // "train.batch_size=4, train.epochs=200": the settings that not all of `sharing` have. Of many
  // only the first ones, and the digest of all.
  static std::string differences(const KeyValues& own, const std::vector<const KeyValues*>& sharing,
                                 const std::string& digest) {
    constexpr size_t kMostShown = 2, kDigits = 6;
    std::vector<std::string> words;
    for (const auto& [path, value] : own) {
      const bool differs = std::ranges::any_of(sharing, [&](const KeyValues* other) {
        const auto found = other->find(path);
        return found == other->end() || found->second != value;
      });
      if (differs) words.push_back(path + "=" + shortened(plain_text(Json::parse(value))));
    }
    if (words.size() > kMostShown || words.empty()) {
      words.resize(std::min(words.size(), kMostShown));
      words.push_back("#" + digest.substr(0, kDigits));
    }
    return fmt::format("{}", fmt::join(words, ", "));
  }

  // Digests are long.
  static std::string shortened(const std::string& value) {
    constexpr size_t kLongest = 20, kKept = 12;
    return value.size() > kLongest ? value.substr(0, kKept) : value;
  }

  std::vector<Group> groups_;
  std::map<std::string, std::vector<const KeyValues*>> sharing_label_;
  std::map<const StoredRun*, const KeyValues*> settings_of_;
  std::map<const StoredRun*, Group> group_of_;
};

ComparisonKey comparison_key(const PlannedRun& plan, const StoredSpec& spec, const Metric& metric) {
  return {.dataset = plan.dataset,
          .data_digest = plan.data_digest,
          .metric = metric.name,
          .direction = metric.direction,
          .extractor = metric.extractor,
          .extractor_digest = metric.extractor_digest,
          .preprocessing = metric.preprocessing,
          .n_real = metric.n_real,
          .n_fake = metric.n_fake,
          .reference = spec.reference};
}

// The run's metric that belongs in the table, of the last step; null if there is none.
const Metric* metric_of(const StoredRun& run, const StoredSpec& spec, const ComparisonKey& key) {
  const Metric* last = nullptr;
  if (run.state != RunState::kDone) return last;
  for (const Metric& metric : run.metrics) {
    if (!is_main_score(metric) || metric.name != key.metric) continue;
    if (comparison_key(run.plan, spec, metric) != key) continue;
    if (last == nullptr || metric.step > last->step) last = &metric;
  }
  return last;
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

// Whether the run, with or without a value, belongs to the table.
bool belongs_to(const ComparisonKey& key, const StoredRun& run, const StoredSpec& spec) {
  if (run.plan.dataset != key.dataset || run.plan.data_digest != key.data_digest ||
      spec.reference != key.reference) {
    return false;
  }
  if (run.state == RunState::kDone) return true;  // its metrics say the rest
  const std::string extractor = spec_value(run, "evaluate.extractor.digest");
  return extractor.empty() || extractor == key.extractor_digest;
}

MetricTable make_table(const ComparisonKey& key, const std::vector<const StoredRun*>& all,
                       const StoredSpecs& specs) {
  std::vector<const StoredRun*> runs;
  std::ranges::copy_if(all, std::back_inserter(runs),
                       [&](const StoredRun* run) { return belongs_to(key, *run, specs.at(run)); });
  const CellGrid grid(runs, specs);
  MetricTable table{.key = key, .cells = {}, .baselines = {}, .distinctions = {}};
  for (const StoredRun* run : runs) {
    const Metric* metric = metric_of(*run, specs.at(run), key);
    if (metric == nullptr && run->state == RunState::kDone) continue;  // scored for another table
    const Cell fresh = grid.empty_cell(run);
    auto cell = std::ranges::find_if(
        table.cells, [&](const Cell& each) { return grid.order(each) == grid.order(fresh); });
    if (cell == table.cells.end()) cell = table.cells.insert(cell, fresh);
    cell->steps.insert(run->plan.total_steps);
    if (metric == nullptr) {
      ++cell->unfinished;
      continue;
    }
    cell->values.push_back(metric->value);
    cell->run_ids.push_back(run->plan.id);
    cell->collapsed.push_back(is_collapsed(run->metrics, key.direction));
    table.feature_count = std::max(table.feature_count, feature_count_of(*run, key));
    add_baselines(*run, key, table.baselines);
  }
  std::ranges::stable_sort(table.cells, {}, [&](const Cell& cell) { return grid.order(cell); });
  return table;
}

std::vector<ComparisonKey> table_keys(const std::vector<const StoredRun*>& runs,
                                      const StoredSpecs& specs) {
  std::vector<ComparisonKey> keys;
  for (const char* name : kTabledMetrics) {
    for (const StoredRun* run : runs) {
      if (run->state != RunState::kDone) continue;
      for (const Metric& metric : run->metrics) {
        if (metric.name != name || !is_main_score(metric)) continue;
        ComparisonKey key = comparison_key(run->plan, specs.at(run), metric);
        if (std::ranges::find(keys, key) == keys.end()) keys.push_back(std::move(key));
      }
    }
  }
  return keys;
}

// What a table's key says, as words: "data.scaling" -> "dtype".
KeyValues described(const ComparisonKey& key) {
  constexpr size_t kDigits = 12;
  KeyValues words;
  for (const auto& [path, value] : key.reference) words[path] = plain_text(Json::parse(value));
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
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const bool has_quartiles = values.size() >= kFewestForQuartiles;
  return {.median = median(values),
          .q1 = has_quartiles ? quantile(values, 0.25) : kNone,
          .q3 = has_quartiles ? quantile(values, 0.75) : kNone,
          .mean = mean(values),
          .sd = sample_sd(values)};
}

Summary summarize(const std::vector<ReportInput>& inputs) {
  Summary summary;
  merge(inputs, summary);
  StoredSpecs specs;
  for (const StoredRun* run : summary.runs) specs[run] = read_stored_spec(run->plan.spec);
  for (const ComparisonKey& key : table_keys(summary.runs, specs)) {
    summary.tables.push_back(make_table(key, summary.runs, specs));
  }
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

std::string spec_value(const StoredRun& run, const std::string& key) {
  const Json spec = parse_object(run.plan.spec);
  const auto found = spec.find(key);
  return found == spec.end() ? "" : plain_text(*found);
}

std::string run_label(const PlannedRun& run) {
  std::string label = run.variant;
  const Json axes = parse_object(run.axes);
  for (const auto& [path, value] : axes.items()) {
    label += fmt::format(" {}={}", path, plain_text(value));
  }
  return label;
}

}  // namespace scgan::results
