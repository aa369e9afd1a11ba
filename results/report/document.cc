#include "results/report/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "core/base/sha256.h"
#include "results/report/notes.h"

namespace scgan::results {
namespace {

constexpr double kKidFactor = 100;    // of the values shown
constexpr size_t kDigestDigits = 12;  // shown of a digest
constexpr const char* kNone = "-";

bool is_kid(const MetricTable& table) { return table.key.metric == "kid"; }

double factor_of(const MetricTable& table) { return is_kid(table) ? kKidFactor : 1; }

// Plain "FID" and "KID" mean Inception features; other extractors are named.
std::string metric_label(const MetricTable& table) {
  if (is_recovered_change(table)) return "recovered change";
  std::string label = is_kid(table) ? "KID x 100" : "FID";
  if (table.key.extractor != "inception_v3")
    label += fmt::format(" ({} features)", table.key.extractor);
  return label;
}

std::string short_digest(const std::string& digest) {
  return digest.empty() ? "unknown" : digest.substr(0, kDigestDigits);
}

constexpr int kScientific = -1;

// The number of decimals that shows four digits of the table's largest value, at least two;
// kScientific if that would be too long.
int decimals_of(const MetricTable& table) {
  double largest = 0;
  for (const Cell& cell : table.cells) {
    for (const double value : cell.values) {
      largest = std::max(largest, std::abs(value) * factor_of(table));
    }
  }
  if (largest == 0) return 2;
  if (largest < 1e-5 || largest >= 1e9) return kScientific;
  return std::clamp(3 - static_cast<int>(std::floor(std::log10(largest))), 2, 8);
}

std::string number(double value, int decimals) {
  if (std::isnan(value)) return kNone;
  return decimals == kScientific ? fmt::format("{:.3e}", value)
                                 : fmt::format("{:.{}f}", value, decimals);
}

std::string percentage_text(double percentage) { return fmt::format("{}", percentage); }

std::string title_of(const MetricTable& table) {
  return fmt::format("{}: {}, {}", table.key.dataset, metric_label(table), table.key.direction);
}

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

std::string baseline_label(const Baseline& baseline) {
  return baseline.subject == Subject::kRealHalves ? "real halves" : "untranslated";
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
  if (is_kid(table)) facts.emplace_back("KID is shown multiplied by 100.");
  for (const Baseline& baseline : table.baselines) {
    facts.push_back(baseline_fact(baseline, factor_of(table), decimals_of(table)));
  }
  return facts;
}

Boxplot make_plot(const MetricTable& table) {
  Boxplot plot{.title = title_of(table),
               .x_title = "Training images used (%)",
               .y_title = metric_label(table),
               .notes = figure_notes(table),
               .groups = {},
               .series = {},
               .baselines = {}};
  std::set<double> percentages;
  for (const Cell& cell : table.cells) percentages.insert(cell.percentage);
  for (const double percentage : percentages) plot.groups.push_back(percentage_text(percentage));
  for (const Cell& cell : table.cells) {
    if (plot.series.empty() || plot.series.back().label != cell.label) {
      plot.series.push_back({cell.label, std::vector<std::vector<double>>(percentages.size())});
    }
    const auto group =
        static_cast<size_t>(std::distance(percentages.begin(), percentages.find(cell.percentage)));
    for (const double value : cell.values) {
      plot.series.back().groups[group].push_back(value * factor_of(table));
    }
  }
  if (is_recovered_change(table)) plot.baselines.push_back({"all of the change", 1});
  for (const Baseline& baseline : table.baselines) {
    plot.baselines.push_back(
        {baseline_label(baseline), (baseline.low + baseline.high) / 2 * factor_of(table)});
  }
  return plot;
}

// "boxplot-synthetic-fid-AtoB-random_conv.svg", with a number if that name is taken.
std::string plot_file(const ComparisonKey& key, std::map<std::string, int>& taken) {
  std::string name =
      fmt::format("boxplot-{}-{}-{}-{}", key.dataset, key.metric, key.direction, key.extractor);
  std::ranges::replace_if(
      name,
      [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-' && c != '_' && c != '.';
      },
      '_');
  const int count = ++taken[name];
  return count == 1 ? name + ".svg" : fmt::format("{}-{}.svg", name, count);
}

Section make_section(const MetricTable& table, const Summary& summary,
                     std::map<std::string, int>& plot_files) {
  std::string heading = title_of(table);
  if (!table.distinctions.empty()) {
    heading += fmt::format(" ({})", fmt::join(table.distinctions, "; "));
  }
  return {.heading = heading,
          .facts = facts_of(table),
          .table = statistics_table(table),
          .notes = notes_of(table, summary),
          .plot = make_plot(table),
          .plot_file = plot_file(table.key, plot_files)};
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
Table runs_table(const Summary& summary, const std::set<RunState>& states, bool why) {
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
  for (const StoredRun* run : summary.runs) {
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

Document make_document(const std::vector<ReportInput>& inputs) {
  const Summary summary = summarize(inputs);
  Document document{
      .title = "Sweep report",
      .completeness = completeness_line(summary.runs),
      .sweeps = {},
      .warnings = summary.conflicts,
      .sections = {},
      .failures = runs_table(summary, {RunState::kFailed}, true),
      .missing = runs_table(summary, {RunState::kPlanned, RunState::kRunning}, true),
      .runs = runs_table(
          summary, {RunState::kPlanned, RunState::kRunning, RunState::kDone, RunState::kFailed},
          false)};
  for (const ReportInput& input : inputs) document.sweeps.push_back(sweep_line(input));
  for (std::string& warning : data_warnings(inputs)) {
    document.warnings.push_back(std::move(warning));
  }
  std::map<std::string, int> plot_files;
  for (const MetricTable& table : summary.tables) {
    document.sections.push_back(make_section(table, summary, plot_files));
  }
  return document;
}

std::string completeness_line(const std::vector<const StoredRun*>& runs) {
  std::map<RunState, int> count;
  std::set<std::string> ids;
  for (const StoredRun* run : runs) {
    ++count[run->state];
    ids.insert(run->plan.id);
  }
  return fmt::format("{} of {} {} done, {} failed, {} running, {} to do; plan digest {}",
                     count[RunState::kDone], runs.size(), runs.size() == 1 ? "run" : "runs",
                     count[RunState::kFailed], count[RunState::kRunning], count[RunState::kPlanned],
                     sha256_hex(fmt::format("{}", fmt::join(ids, "\n"))).substr(0, 16));
}

}  // namespace scgan::results
