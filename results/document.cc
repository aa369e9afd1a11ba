#include "results/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "core/base/sha256.h"

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

// The number of decimals that shows four digits of the table's largest value; at least two.
int decimals_of(const MetricTable& table) {
  double largest = 0;
  for (const Cell& cell : table.cells) {
    for (const double value : cell.values) {
      largest = std::max(largest, std::abs(value) * factor_of(table));
    }
  }
  if (largest == 0) return 2;
  return std::clamp(3 - static_cast<int>(std::floor(std::log10(largest))), 2, 8);
}

std::string number(double value, int decimals) {
  return std::isnan(value) ? kNone : fmt::format("{:.{}f}", value, decimals);
}

std::string percentage_text(double percentage) { return fmt::format("{}", percentage); }

Table statistics_table(const MetricTable& table) {
  Table shown{.columns = {{"variant"},
                          {"data %", true},
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
                                    fmt::format("{}/{}", cell.values.size(), planned)};
    if (cell.values.empty()) {
      row.resize(shown.columns.size(), kNone);
    } else {
      const Statistics all = statistics(cell.values);
      const double best = cell.values[best_index(table, cell)];
      row.push_back(number(all.median * factor, decimals));
      row.push_back(number(all.q1 * factor, decimals) + " to " + number(all.q3 * factor, decimals));
      row.push_back(number(all.mean * factor, decimals));
      row.push_back(std::isnan(all.sd) ? kNone : "+- " + number(all.sd * factor, decimals));
      row.push_back(number(best * factor, decimals));
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
  if (baseline.high != baseline.low) {
    value += " to " + number(baseline.high * factor, decimals);
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

// The number of runs in each cell.
std::string counts_note(const MetricTable& table) {
  size_t fewest = table.cells.front().values.size(), most = fewest;
  int64_t unfinished = 0;
  for (const Cell& cell : table.cells) {
    fewest = std::min(fewest, cell.values.size());
    most = std::max(most, cell.values.size());
    unfinished += cell.unfinished;
  }
  std::string note = fewest == most
                         ? fmt::format("{} {} in every cell", most, most == 1 ? "run" : "runs")
                         : fmt::format("{} to {} runs per cell", fewest, most);
  if (unfinished > 0) note += fmt::format("; {} planned without a result", unfinished);
  return note + ". Quartiles are of type 7, sd is the sample standard deviation over the runs.";
}

// The different values of a key in the specs of the table's runs; empty if no spec has the key.
std::set<std::string> values_in(const MetricTable& table, const Summary& summary,
                                const std::string& key) {
  std::set<std::string> ids, values;
  for (const Cell& cell : table.cells) ids.insert(cell.run_ids.begin(), cell.run_ids.end());
  for (const StoredRun* run : summary.runs) {
    if (!ids.contains(run->plan.id)) continue;
    if (std::string value = spec_value(*run, key); !value.empty()) values.insert(std::move(value));
  }
  return values;
}

std::vector<std::string> scaling_notes(const MetricTable& table, const Summary& summary) {
  const auto generator = values_in(table, summary, "model.generator_width");
  const auto discriminator = values_in(table, summary, "model.discriminator_width");
  const auto is_scaled = [](const std::set<std::string>& widths) {
    return std::ranges::any_of(widths, [](const std::string& width) { return width != "64"; });
  };
  if (!is_scaled(generator) && !is_scaled(discriminator)) return {};
  return {
      fmt::format("The networks are scaled: generator width {}, discriminator width {}; the "
                  "published ones have 64. They are not the published networks of CycleGAN and "
                  "FastGAN and must not be reported as such.",
                  fmt::join(generator, ", "), fmt::join(discriminator, ", "))};
}

std::vector<std::string> settings_notes(const MetricTable& table) {
  if (std::ranges::none_of(table.cells, [](const Cell& cell) {
        return cell.label.ends_with(" #" + cell.settings.substr(0, 6));
      })) {
    return {};
  }
  return {
      "Variants with one name but different settings are distinguished by # and a digest of their "
      "settings."};
}

Boxplot make_plot(const MetricTable& table, const std::string& title) {
  Boxplot plot{.title = title,
               .x_title = "Training images used (%)",
               .y_title = metric_label(table),
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
  std::string heading =
      fmt::format("{}: {}, {}", table.key.dataset, metric_label(table), table.key.direction);
  if (!table.distinctions.empty()) {
    heading += fmt::format(" ({})", fmt::join(table.distinctions, "; "));
  }
  std::vector<std::string> notes = {counts_note(table)};
  std::ranges::move(scaling_notes(table, summary), std::back_inserter(notes));
  std::ranges::move(settings_notes(table), std::back_inserter(notes));
  return {.heading = heading,
          .facts = facts_of(table),
          .table = statistics_table(table),
          .notes = std::move(notes),
          .plot = make_plot(table, heading),
          .plot_file = plot_file(table.key, plot_files)};
}

std::string steps_text(const StoredRun& run) {
  return fmt::format("{}/{}", run.last_step, run.plan.total_steps);
}

std::string reason_text(const StoredRun& run) {
  if (!run.last_exit || run.state == RunState::kDone) return "";
  const std::string word = to_string(*run.last_exit);
  return run.reason.empty() ? word : word + ": " + run.reason;
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
                                    to_string(run->state),
                                    steps_text(*run),
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

}  // namespace

Document make_document(const std::vector<ReportInput>& inputs) {
  const Summary summary = summarize(inputs);
  Document document{
      .title = "Sweep report",
      .completeness = completeness_line(summary.runs),
      .sweeps = {},
      .conflicts = summary.conflicts,
      .sections = {},
      .failures = runs_table(summary, {RunState::kFailed}, true),
      .missing = runs_table(summary, {RunState::kPlanned, RunState::kRunning}, true),
      .runs = runs_table(
          summary, {RunState::kPlanned, RunState::kRunning, RunState::kDone, RunState::kFailed},
          false)};
  for (const ReportInput& input : inputs) document.sweeps.push_back(sweep_line(input));
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
