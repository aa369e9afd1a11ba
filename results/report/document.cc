#include "results/report/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "results/report/notes.h"
#include "results/report/sample_figures.h"
#include "results/report/table_figures.h"
#include "results/report/words.h"

namespace scgan::results {
namespace {

Table statistics_table(const MetricTable& table) {
  Table shown{.columns = {{"variant"},
                          {"data %", true},
                          {"steps", true},
                          {"n", true},
                          {"median", true},
                          {"quartiles", true},
                          {"mean", true},
                          {"sd", true},
                          {"best", true}},
              .rows = {}};
  const int decimals = decimals_of(table);
  const double factor = factor_of(table);
  for (const Cell& cell : table.cells) {
    const int64_t planned = static_cast<int64_t>(cell.values.size()) + cell.unfinished;
    std::vector<std::string> row = {cell.label, percentage_text(cell.percentage),
                                    steps_text(cell.steps),
                                    fmt::format("{}/{}", cell.values.size(), planned)};
    if (cell.values.empty()) {
      row.resize(shown.columns.size(), kNone);
    } else {
      const Statistics all = statistics(cell.values);
      const auto best = best_index(table, cell);
      row.push_back(number(all.median * factor, decimals));
      row.push_back(std::isnan(all.q1) ? kNone
                                       : number(all.q1 * factor, decimals) + " to " +
                                             number(all.q3 * factor, decimals));
      row.push_back(number(all.mean * factor, decimals));
      row.push_back(std::isnan(all.sd) ? kNone : "+- " + number(all.sd * factor, decimals));
      row.push_back(best ? number(cell.values[*best] * factor, decimals) : "collapsed");
    }
    shown.rows.push_back(std::move(row));
  }
  return shown;
}

std::string baseline_fact(const Baseline& baseline, double factor, int decimals) {
  std::string value = number(baseline.low * factor, decimals);
  if (const std::string high = number(baseline.high * factor, decimals); high != value) {
    value += " to " + high;
  }
  const bool halves = baseline.subject == Subject::kRealHalves;
  return fmt::format("{}: {} ({} images against {}).",
                     halves ? "Between the halves of the real test set"
                            : "Untranslated source images against the real test set",
                     value, baseline.n_real, baseline.n_fake);
}

std::vector<std::string> recovered_change_facts(const MetricTable& table) {
  std::vector<std::string> facts = {
      fmt::format("Higher is better: 1 = the generated images show all of the known change from A "
                  "to B, 0 = none of it. Measured on the cells of {} generated images. Data digest "
                  "{}.",
                  table.key.n_fake, short_digest(table.key.data_digest))};
  for (const Baseline& baseline : table.baselines) {
    facts.push_back(baseline_fact(baseline, 1, decimals_of(table)));
  }
  return facts;
}

std::vector<std::string> facts_of(const MetricTable& table) {
  const ComparisonKey& key = table.key;
  if (is_recovered_change(table)) return recovered_change_facts(table);
  std::vector<std::string> facts = {fmt::format(
      "Lower is better. {} real and {} generated images. Extractor {}, digest {}; its input: {}. "
      "Data digest {}.",
      key.n_real, key.n_fake, key.extractor, short_digest(key.extractor_digest), key.preprocessing,
      short_digest(key.data_digest))};
  if (table.key.metric == "kid") facts.emplace_back("KID is shown multiplied by 100.");
  for (const Baseline& baseline : table.baselines) {
    facts.push_back(baseline_fact(baseline, factor_of(table), decimals_of(table)));
  }
  return facts;
}

Section make_section(const MetricTable& table, const TableComparison& comparison) {
  return {.heading = heading_of(table),
          .facts = facts_of(table),
          .table = statistics_table(table),
          .comparisons = comparison_numbers(table, comparison),
          .notes = notes_of(table),
          .figures = {}};
}

std::string progress_text(const StoredRun& run) {
  return fmt::format("{}/{}", run.last_step, run.plan.total_steps);
}

std::string reason_text(const StoredRun& run) {
  if (!run.last_exit || run.state == RunState::kDone) return "";
  const std::string word = to_string(*run.last_exit);
  return run.reason.empty() ? word : word + ": " + run.reason;
}

// As the programs say it; the store has "planned" for "to do".
std::string state_text(const StoredRun& run) {
  if (run.state == RunState::kPlanned) return "to do";
  std::string collapsed;
  for (const char* direction : {"AtoB", "BtoA"}) {
    if (!is_collapsed(run.metrics, direction)) continue;
    collapsed += fmt::format("{}{}", collapsed.empty() ? ", collapsed " : " and ", direction);
  }
  return to_string(run.state) + collapsed;
}

// The runs in the given states; `why` adds a column with reasons.
Table table_of_runs(const std::vector<const StoredRun*>& runs, const std::set<RunState>& states,
                    bool why) {
  Table table{.columns = {{"run"},
                          {"data set"},
                          {"variant"},
                          {"data %", true},
                          {"seed", true},
                          {"state"},
                          {"step", true},
                          {"attempts", true}},
              .rows = {}};
  if (why) table.columns.push_back({"reason"});
  for (const StoredRun* run : runs) {
    if (!states.contains(run->state)) continue;
    std::vector<std::string> row = {run->plan.id,
                                    run->plan.dataset,
                                    run_label(run->plan),
                                    percentage_text(run->plan.percentage),
                                    fmt::format("{}", run->plan.seed),
                                    state_text(*run),
                                    progress_text(*run),
                                    fmt::format("{}", run->attempts)};
    if (why) row.push_back(reason_text(*run));
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string sweep_line(const ReportInput& input) {
  std::string line = fmt::format("Sweep {}: {} {}", input.sweep.name, input.runs.size(),
                                 input.runs.size() == 1 ? "run" : "runs");
  if (!input.sweep.version.empty())
    line += fmt::format(", last started with {}", input.sweep.version);
  return line + ".";
}

// Once for each data set, also if several stores have it.
std::vector<std::string> data_warnings(const std::vector<ReportInput>& inputs) {
  std::vector<std::string> warnings;
  for (const ReportInput& input : inputs) {
    for (const auto& [digest, text] : input.data_notes) {
      const auto run = std::ranges::find(
          input.runs, digest, [](const StoredRun& stored) { return stored.plan.data_digest; });
      if (run == input.runs.end()) continue;
      std::string warning =
          fmt::format("Data set {} ({}): {}.", run->plan.dataset, short_digest(digest), text);
      if (std::ranges::find(warnings, warning) == warnings.end()) {
        warnings.push_back(std::move(warning));
      }
    }
  }
  return warnings;
}

}  // namespace

Document make_document(const Analysis& analysis, bool with_figures) {
  const Summary& summary = analysis.summary;
  const std::vector<ReportInput>& inputs = *analysis.inputs;
  Document document{
      .title = "Sweep report",
      .completeness = completeness_line(summary.runs),
      .verdicts = verdicts(analysis),
      .sweeps = {},
      .warnings = summary.conflicts,
      .sections = {},
      .failures = table_of_runs(summary.runs, {RunState::kFailed}, true),
      .missing = table_of_runs(summary.runs, {RunState::kPlanned, RunState::kRunning}, true),
      .runs = runs_table(summary.runs),
      .differences = {},
      .methods = {},
      .figures = {},
      .footer = {}};
  for (const ReportInput& input : inputs) document.sweeps.push_back(sweep_line(input));
  for (std::string& warning : data_warnings(inputs)) {
    document.warnings.push_back(std::move(warning));
  }
  for (size_t i = 0; i < summary.tables.size(); ++i) {
    document.sections.push_back(make_section(summary.tables[i], analysis.comparisons[i]));
  }
  if (with_figures) {
    std::vector<std::vector<Figure>> figures = table_figures(analysis);
    for (size_t i = 0; i < figures.size(); ++i)
      document.sections[i].figures = std::move(figures[i]);
    document.figures = sample_figures(analysis);
  }
  return document;
}

Table runs_table(const std::vector<const StoredRun*>& runs) {
  return table_of_runs(
      runs, {RunState::kPlanned, RunState::kRunning, RunState::kDone, RunState::kFailed}, false);
}

std::string completeness_line(const std::vector<const StoredRun*>& runs) {
  std::map<RunState, int> count;
  std::vector<std::string> ids;
  for (const StoredRun* run : runs) {
    ++count[run->state];
    ids.push_back(run->plan.id);
  }
  return fmt::format("{} of {} {} done, {} failed, {} running, {} to do; plan digest {}",
                     count[RunState::kDone], runs.size(), runs.size() == 1 ? "run" : "runs",
                     count[RunState::kFailed], count[RunState::kRunning], count[RunState::kPlanned],
                     plan_digest(ids));
}

}  // namespace scgan::results
