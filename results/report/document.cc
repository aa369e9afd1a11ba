#include "results/report/document.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "results/report/curve_figures.h"
#include "results/report/differences.h"
#include "results/report/footer.h"
#include "results/report/methods.h"
#include "results/report/notes.h"
#include "results/report/sample_figures.h"
#include "results/report/score_table.h"
#include "results/report/table_figures.h"
#include "results/report/training_records.h"
#include "results/report/words.h"

namespace scgan::results {
namespace {

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
                  "to B, 0 = none of it. Measured on the cells of {} generated images.",
                  table.key.n_fake)};
  for (const Baseline& baseline : table.baselines) {
    facts.push_back(baseline_fact(baseline, 1, decimals_of(table)));
  }
  return facts;
}

std::vector<std::string> facts_of(const MetricTable& table) {
  const ComparisonKey& key = table.key;
  if (is_recovered_change(table)) return recovered_change_facts(table);
  std::vector<std::string> facts = {
      fmt::format("Lower is better. {} real and {} generated images; features of {} on {}.",
                  key.n_real, key.n_fake, key.extractor, key.preprocessing)};
  if (table.key.metric == "kid") facts.emplace_back("KID is shown multiplied by 100.");
  for (const Baseline& baseline : table.baselines) {
    facts.push_back(baseline_fact(baseline, factor_of(table), decimals_of(table)));
  }
  return facts;
}

Section make_section(const MetricTable& table, const TableComparison& comparison) {
  return {.heading = heading_of(table),
          .facts = facts_of(table),
          .table = score_table(table),
          .comparisons = comparison_numbers(table, comparison),
          .aggregates = aggregate_numbers(comparison),
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
  return fmt::format("Sweep {}: {} {}.", input.sweep.name, input.runs.size(),
                     input.runs.size() == 1 ? "run" : "runs");
}

// "Sweep report: cells", with every name once; of many sweeps without names.
std::string title_of(const std::vector<ReportInput>& inputs) {
  constexpr size_t kMostNamed = 3;
  std::vector<std::string> names;
  for (const ReportInput& input : inputs) {
    if (std::ranges::find(names, input.sweep.name) == names.end()) {
      names.push_back(input.sweep.name);
    }
  }
  if (names.size() > kMostNamed) return "Sweep report";
  return fmt::format("Sweep report: {}", fmt::join(names, ", "));
}

// Once for each data set, also if several stores have it.
std::vector<std::string> data_warnings(const std::vector<ReportInput>& inputs) {
  std::vector<std::string> warnings;
  for (const ReportInput& input : inputs) {
    for (const auto& [digest, text] : input.data_notes) {
      const auto run = std::ranges::find(
          input.runs, digest, [](const StoredRun& stored) { return stored.plan.data_digest; });
      if (run == input.runs.end()) continue;
      std::string warning = fmt::format("Data set {}: {}.", run->plan.dataset, text);
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
      .title = title_of(inputs),
      .completeness = completeness_line(summary.runs),
      .verdicts = verdicts(analysis),
      .verdict_notes = verdict_notes(analysis),
      .sweeps = {},
      .warnings = summary.conflicts,
      .sections = {},
      .failures = table_of_runs(summary.runs, {RunState::kFailed}, true),
      .missing = table_of_runs(summary.runs, {RunState::kPlanned, RunState::kRunning}, true),
      .runs = runs_table(summary.runs),
      .differences = differing_settings(summary),
      .methods = methods_paragraphs(analysis),
      .translations = {},
      .learning_curves = {},
      .footer = footer_lines(analysis)};
  for (const ReportInput& input : inputs) document.sweeps.push_back(sweep_line(input));
  for (std::string& warning : data_warnings(inputs)) {
    document.warnings.push_back(std::move(warning));
  }
  for (size_t i = 0; i < summary.tables.size(); ++i) {
    document.sections.push_back(make_section(summary.tables[i], analysis.comparisons[i]));
  }
  if (with_figures) {
    TrainingRecords records(summary);
    std::vector<std::vector<Figure>> figures = table_figures(analysis, records);
    for (size_t i = 0; i < figures.size(); ++i)
      document.sections[i].figures = std::move(figures[i]);
    document.translations = sample_figures(analysis);
    document.learning_curves = loss_figures(analysis, records);
  }
  return document;
}

Table runs_table(const std::vector<const StoredRun*>& runs) {
  return table_of_runs(
      runs, {RunState::kPlanned, RunState::kRunning, RunState::kDone, RunState::kFailed}, false);
}

std::string completeness_line(const std::vector<const StoredRun*>& runs) {
  std::map<RunState, int> count;
  for (const StoredRun* run : runs) ++count[run->state];
  return fmt::format("{} of {} {} done, {} failed, {} running, {} to do", count[RunState::kDone],
                     runs.size(), runs.size() == 1 ? "run" : "runs", count[RunState::kFailed],
                     count[RunState::kRunning], count[RunState::kPlanned]);
}

}  // namespace scgan::results
