#include "results/report/json.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "results/report/footer.h"
#include "results/report/score_table.h"
#include "results/report/words.h"

namespace scgan::results {
namespace {

// Keys in the order in which they are written here.
using OrderedJson = nlohmann::ordered_json;

OrderedJson number_or_null(double value) {
  return std::isfinite(value) ? OrderedJson(value) : OrderedJson(nullptr);
}

template <typename Value>
OrderedJson or_null(const std::optional<Value>& value) {
  return value ? OrderedJson(*value) : OrderedJson(nullptr);
}

OrderedJson parsed(const std::string& text) {
  OrderedJson json = OrderedJson::parse(text, nullptr, /*allow_exceptions=*/false);
  return json.is_object() ? json : OrderedJson::object();
}

const char* word_of(Evidence evidence) {
  switch (evidence) {
    case Evidence::kDiffers:
      return "differs";
    case Evidence::kNotShown:
      return "not_shown";
    case Evidence::kTooFewRuns:
      return "too_few_runs";
    case Evidence::kCrosses:
      return "crosses";
    case Evidence::kRefused:
      return "refused";
  }
  return "";
}

OrderedJson interval_json(const stats::Interval& interval) {
  return {{"low", interval.low}, {"high", interval.high}, {"is_range", interval.is_range}};
}

OrderedJson sweep_json(const ReportInput& input) {
  return {{"name", input.sweep.name},
          {"version", input.sweep.version},
          {"runs", input.runs.size()},
          {"plan_digest", plan_digest(input)},
          {"results_digest", results_digest(input)}};
}

OrderedJson completeness_json(const std::vector<const StoredRun*>& runs) {
  OrderedJson json = {
      {"planned", runs.size()}, {"done", 0}, {"failed", 0}, {"running", 0}, {"to_do", 0}};
  for (const StoredRun* run : runs) {
    const bool waits = run->state == RunState::kPlanned;
    OrderedJson& count = json[waits ? "to_do" : to_string(run->state)];
    count = count.get<int64_t>() + 1;
  }
  return json;
}

OrderedJson statistics_json(const MetricTable& table, const Cell& cell) {
  if (cell.values.empty()) return nullptr;
  const Statistics all = statistics(cell.values);
  const auto best = best_index(table, cell);
  return {{"median", number_or_null(all.median)},
          {"q1", number_or_null(all.q1)},
          {"q3", number_or_null(all.q3)},
          {"mean", number_or_null(all.mean)},
          {"sd", number_or_null(all.sd)},
          {"best", best ? OrderedJson(cell.values[*best]) : OrderedJson(nullptr)}};
}

OrderedJson cell_json(const MetricTable& table, const Cell& cell) {
  OrderedJson values = OrderedJson::array();
  for (size_t i = 0; i < cell.values.size(); ++i) {
    values.push_back({{"run", cell.runs[i]->plan.id},
                      {"seed", cell.runs[i]->plan.seed},
                      {"value", cell.values[i]},
                      {"collapsed", static_cast<bool>(cell.collapsed[i])}});
  }
  return {{"label", cell.label},
          {"variant", cell.variant},
          {"axes", parsed(cell.axes)},
          {"settings_digest", cell.settings},
          {"percentage", cell.percentage},
          {"steps", cell.steps},
          {"planned", planned_count(cell)},
          {"failed", cell.failed},
          {"statistics", statistics_json(table, cell)},
          {"values", values}};
}

OrderedJson comparison_json(const Comparison& comparison) {
  OrderedJson cells = OrderedJson::array();
  for (const CellComparison& cell : comparison.cells) {
    cells.push_back({{"percentage", cell.percentage},
                     {"n_first", cell.n_first},
                     {"n_second", cell.n_second},
                     {"lost_first", cell.lost_first},
                     {"lost_second", cell.lost_second},
                     {"p", or_null(cell.p)},
                     {"least_p", or_null(cell.floor)},
                     {"shift", or_null(cell.shift)},
                     {"improvement", or_null(cell.improvement)}});
  }
  OrderedJson json = {{"first", comparison.first}, {"second", comparison.second}};
  json["evidence"] = word_of(comparison.evidence);
  if (!comparison.refusal.empty()) json["refusal"] = comparison.refusal;
  json["different_steps_at"] = comparison.different_steps;
  json["p"] = or_null(comparison.p);
  json["least_p"] = or_null(comparison.floor);
  json["adjusted_p"] = or_null(comparison.adjusted_p);
  json["least_adjusted_p"] = or_null(comparison.adjusted_floor);
  json["paired_p"] = or_null(comparison.paired_p);
  json["shift"] = or_null(comparison.shift);
  if (comparison.shift) json["shift_interval"] = interval_json(comparison.shift_interval);
  json["improvement"] = or_null(comparison.improvement);
  if (comparison.improvement) {
    json["improvement_interval"] = interval_json(comparison.improvement_interval);
  }
  json["runs_needed"] = or_null(comparison.runs_needed);
  json["cells"] = std::move(cells);
  return json;
}

OrderedJson untranslated_json(const UntranslatedComparison& comparison) {
  return {{"model", comparison.model},
          {"untranslated", comparison.untranslated},
          {"n", comparison.n},
          {"better", comparison.better},
          {"evidence", word_of(comparison.evidence)},
          {"p", or_null(comparison.p)},
          {"least_p", or_null(comparison.floor)},
          {"adjusted_p", or_null(comparison.adjusted_p)},
          {"least_adjusted_p", or_null(comparison.adjusted_floor)}};
}

OrderedJson baselines_json(const MetricTable& table) {
  OrderedJson all = OrderedJson::array();
  for (const Baseline& baseline : table.baselines) {
    all.push_back({{"subject", to_string(baseline.subject)},
                   {"low", baseline.low},
                   {"high", baseline.high},
                   {"n_real", baseline.n_real},
                   {"n_fake", baseline.n_fake}});
  }
  return all;
}

OrderedJson table_json(const MetricTable& table, const TableComparison& comparisons) {
  const ComparisonKey& key = table.key;
  OrderedJson reference = OrderedJson::object();
  for (const auto& [path, value] : key.reference) reference[path] = OrderedJson::parse(value);
  OrderedJson json = {{"title", title_of(table)},
                      {"distinctions", table.distinctions},
                      {"dataset", key.dataset},
                      {"data_digest", key.data_digest},
                      {"metric", key.metric},
                      {"direction", key.direction},
                      {"higher_is_better", is_recovered_change(table)},
                      {"extractor", key.extractor},
                      {"extractor_digest", key.extractor_digest},
                      {"preprocessing", key.preprocessing},
                      {"n_real", key.n_real},
                      {"n_fake", key.n_fake},
                      {"reference", std::move(reference)},
                      {"baselines", baselines_json(table)}};
  for (const Cell& cell : table.cells) json["cells"].push_back(cell_json(table, cell));
  json["comparisons"] = OrderedJson::array();
  for (const Comparison& each : comparisons.models) {
    json["comparisons"].push_back(comparison_json(each));
  }
  json["untranslated"] = OrderedJson::array();
  for (const UntranslatedComparison& each : comparisons.untranslated) {
    json["untranslated"].push_back(untranslated_json(each));
  }
  return json;
}

OrderedJson run_json(const StoredRun& run, const std::string& sweep) {
  OrderedJson scores = OrderedJson::array();
  for (const Metric& metric : run.metrics) {
    scores.push_back({{"metric", metric.name},
                      {"subject", to_string(metric.subject)},
                      {"statistic", to_string(metric.statistic)},
                      {"direction", metric.direction},
                      {"step", metric.step},
                      {"value", number_or_null(metric.value)},
                      {"n_real", metric.n_real},
                      {"n_fake", metric.n_fake},
                      {"extractor", metric.extractor},
                      {"extractor_digest", metric.extractor_digest},
                      {"preprocessing", metric.preprocessing}});
  }
  return {{"id", run.plan.id},
          {"sweep", sweep},
          {"variant", run.plan.variant},
          {"axes", parsed(run.plan.axes)},
          {"percentage", run.plan.percentage},
          {"seed", run.plan.seed},
          {"dataset", run.plan.dataset},
          {"data_digest", run.plan.data_digest},
          {"state", run.state == RunState::kPlanned ? "to_do" : to_string(run.state)},
          {"step", run.last_step},
          {"total_steps", run.plan.total_steps},
          {"attempts", run.attempts},
          {"scores", std::move(scores)}};
}

// Appends `"key": value` to an object of which each value stands on one line.
void add_member(std::string& text, const char* key, const OrderedJson& value) {
  text += ",\n\"" + std::string(key) + "\": " + value.dump();
}

}  // namespace

std::string to_json(const Analysis& analysis, const Document& document) {
  const Summary& summary = analysis.summary;
  std::string text = "{\"format\": " + std::to_string(kReportFormatVersion);
  OrderedJson sweeps = OrderedJson::array();
  for (const ReportInput& input : *analysis.inputs) sweeps.push_back(sweep_json(input));
  add_member(text, "sweeps", sweeps);
  add_member(text, "completeness", completeness_json(summary.runs));
  OrderedJson verdict = OrderedJson::array();
  for (const Verdict& each : document.verdicts) {
    verdict.push_back({{"heading", each.heading}, {"sentences", each.sentences}});
  }
  add_member(text, "verdict", verdict);
  add_member(text, "warnings", document.warnings);
  add_member(text, "methods", document.methods);
  text += ",\n\"tables\": [";
  for (size_t i = 0; i < summary.tables.size(); ++i) {
    text += i == 0 ? "\n" : ",\n";
    text += table_json(summary.tables[i], analysis.comparisons[i]).dump();
  }
  text += "],\n\"runs\": [";
  for (size_t i = 0; i < summary.runs.size(); ++i) {
    text += i == 0 ? "\n" : ",\n";
    text += run_json(*summary.runs[i], summary.sources[i]->sweep.name).dump();
  }
  return text + "]}\n";
}

}  // namespace scgan::results
