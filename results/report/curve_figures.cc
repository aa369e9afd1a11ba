#include "results/report/curve_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "results/figures/line_chart.h"
#include "results/report/median_curve.h"
#include "results/report/selection.h"
#include "results/report/words.h"

namespace scgan::results {
namespace {

constexpr size_t kMostPoints = 100;  // of a curve
// Of a variant at one percentage: more would hardly change the median, and take seconds to read.
constexpr size_t kMostRuns = 50;
constexpr size_t kMostScorePanels = 4;

struct LossTerm {
  const char* name;
  const char* title;
};

// In the order of the panels. netD_A judges images of B.
constexpr std::array<LossTerm, 10> kTerms{{{"g_adv_a", "Adversarial, A to B"},
                                           {"g_adv_b", "Adversarial, B to A"},
                                           {"cycle_a", "Cycle, A to B to A"},
                                           {"cycle_b", "Cycle, B to A to B"},
                                           {"identity_a", "Identity, images of A"},
                                           {"identity_b", "Identity, images of B"},
                                           {"d_a", "Discriminator of B"},
                                           {"d_b", "Discriminator of A"},
                                           {"ssl_a", "Self-supervised, images of B"},
                                           {"ssl_b", "Self-supervised, images of A"}}};

// Name of a term -> the values of each run.
using CellLosses = std::map<std::string, std::vector<StepValues>>;

CellLosses read_losses(const Cell& cell, TrainingRecords& records) {
  CellLosses losses;
  const size_t count = std::min(cell.runs.size(), kMostRuns);
  for (size_t run = 0; run < count; ++run) {
    for (const LossPoint& point : records.losses(*cell.runs[run])) {
      if (!std::isfinite(point.value)) continue;
      std::vector<StepValues>& runs = losses[point.name];
      runs.resize(count);
      runs[run].emplace_back(point.step, point.value);
    }
  }
  return losses;
}

// A term that is always 0 is not part of the objective.
bool is_used(const std::vector<StepValues>& runs) {
  return std::ranges::any_of(runs, [](const StepValues& run) {
    return std::ranges::any_of(run, [](const auto& point) { return point.second != 0; });
  });
}

LineSeries series_of(size_t label, Curve curve) {
  return {.label = label,
          .x = std::move(curve.step),
          .y = std::move(curve.median),
          .low = std::move(curve.low),
          .high = std::move(curve.high)};
}

// The panels by name of the term, in order.
std::vector<LinePanel> panels_of(std::map<std::string, std::vector<LineSeries>> by_term) {
  std::vector<LinePanel> panels;
  for (const LossTerm& term : kTerms) {
    const auto found = by_term.find(term.name);
    if (found == by_term.end()) continue;
    panels.push_back({.title = fmt::format("{} ({})", term.title, term.name),
                      .series = std::move(found->second)});
    by_term.erase(found);
  }
  for (auto& [name, series] : by_term)
    panels.push_back({.title = name, .series = std::move(series)});
  return panels;
}

// What lines and bands mean, and what was left out.
std::string caption_of(const std::vector<LinePanel>& panels, size_t most_runs,
                       const ShownLabels& shown) {
  const bool has_band = std::ranges::any_of(panels, [](const LinePanel& panel) {
    return std::ranges::any_of(panel.series,
                               [](const LineSeries& series) { return !series.low.empty(); });
  });
  std::string text = "Lines are single runs.";
  if (has_band) {
    text = fmt::format("Lines are medians over the runs of a variant, bands {}.",
                       most_runs < kFewestForQuartileBand
                           ? "reach from the lowest to the highest run"
                           : "are quartiles (of fewer than five runs: the lowest to the highest)");
  }
  if (most_runs > kMostRuns) text += fmt::format(" Only the first {} runs count.", kMostRuns);
  return shown.note.empty() ? text : text + " " + shown.note;
}

std::optional<Figure> loss_figure(const MetricTable& table, double percentage,
                                  TrainingRecords& records, FigureNames& names) {
  const ShownLabels shown = shown_labels(table);
  std::map<std::string, std::vector<LineSeries>> by_term;
  size_t most_runs = 0;
  for (size_t label = 0; label < shown.labels.size(); ++label) {
    const Cell* cell = find_cell(table, shown.labels[label], percentage);
    if (cell == nullptr) continue;
    most_runs = std::max(most_runs, cell->runs.size());
    for (const auto& [name, runs] : read_losses(*cell, records)) {
      if (is_used(runs)) by_term[name].push_back(series_of(label, median_curve(runs, kMostPoints)));
    }
  }
  if (by_term.empty()) return std::nullopt;
  const std::string& dataset = table.key.dataset;
  const std::string percent = percentage_text(percentage);
  LineChart chart{.title = fmt::format("{}: losses, {} % of the training images", dataset, percent),
                  .x_title = "step",
                  .y_title = "",
                  .alt = fmt::format("Learning curves of {} at {} % of the training images: each "
                                     "loss term over the steps, a line per variant.",
                                     dataset, percent),
                  .notes = {},
                  .labels = shown.labels,
                  .panels = panels_of(std::move(by_term))};
  return Figure{.name = names.take(fmt::format("losses-{}-{}", dataset, percent)),
                .caption = "Loss terms, weighted as they are summed. " +
                           caption_of(chart.panels, most_runs, shown),
                .alt = chart.alt,
                .svg = line_chart_svg(chart)};
}

// Whether `score` measures what the table does.
bool belongs_to(const Metric& score, const ComparisonKey& key) {
  return score.name == key.metric && score.direction == key.direction &&
         score.extractor_digest == key.extractor_digest && is_main_score(score);
}

// With the final score, unless its weights were already scored during training.
StepValues scores_of(const MetricTable& table, const Cell& cell, size_t run,
                     TrainingRecords& records) {
  StepValues values;
  for (const Metric& score : records.scores(*cell.runs[run])) {
    if (!belongs_to(score, table.key)) continue;
    values.emplace_back(score.step, score.value * factor_of(table));
  }
  if (values.empty()) return values;
  for (const Metric& score : cell.runs[run]->metrics) {
    if (belongs_to(score, table.key) && score.step > values.back().first) {
      values.emplace_back(score.step, score.value * factor_of(table));
    }
  }
  return values;
}

}  // namespace

std::vector<Figure> loss_figures(const Analysis& analysis, TrainingRecords& records) {
  std::vector<Figure> figures;
  std::set<const StoredRun*> shown;
  FigureNames names;
  for (const MetricTable& table : analysis.summary.tables) {
    // The tables of one data set mostly have the same runs.
    bool has_other_runs = false;
    for (const Cell& cell : table.cells) {
      for (const StoredRun* run : cell.runs) {
        has_other_runs = shown.insert(run).second || has_other_runs;
      }
    }
    if (!has_other_runs) continue;
    for (const double percentage : shown_percentages(table, 2)) {
      if (auto figure = loss_figure(table, percentage, records, names)) {
        figures.push_back(std::move(*figure));
      }
    }
  }
  return figures;
}

std::optional<Figure> score_curves(const MetricTable& table, TrainingRecords& records,
                                   FigureNames& names) {
  const ShownLabels shown = shown_labels(table);
  LineChart chart{.title = title_of(table) + " during training",
                  .x_title = "step",
                  .y_title = metric_label(table),
                  .alt = fmt::format("Curves of {} over the steps of the training, a line per "
                                     "variant, a panel per percentage.",
                                     title_of(table)),
                  .notes = {},
                  .labels = shown.labels,
                  .panels = {},
                  .same_y = true};
  size_t most_runs = 0;
  for (const double percentage : shown_percentages(table, kMostScorePanels)) {
    LinePanel panel{
        .title = fmt::format("{} % of the training images", percentage_text(percentage)),
        .series = {}};
    for (size_t label = 0; label < shown.labels.size(); ++label) {
      const Cell* cell = find_cell(table, shown.labels[label], percentage);
      if (cell == nullptr) continue;
      std::vector<StepValues> runs;
      for (size_t run = 0; run < std::min(cell->runs.size(), kMostRuns); ++run) {
        StepValues values = scores_of(table, *cell, run, records);
        if (!values.empty()) runs.push_back(std::move(values));
      }
      if (runs.empty()) continue;
      most_runs = std::max(most_runs, cell->runs.size());
      panel.series.push_back(series_of(label, median_curve(runs, kMostPoints)));
    }
    if (!panel.series.empty()) chart.panels.push_back(std::move(panel));
  }
  if (chart.panels.empty()) return std::nullopt;
  return Figure{
      .name = names.take(fmt::format("curves-{}-{}-{}-{}", table.key.dataset, table.key.metric,
                                     table.key.direction, table.key.extractor)),
      .caption = caption_of(chart.panels, most_runs, shown),
      .alt = chart.alt,
      .svg = line_chart_svg(chart)};
}

}  // namespace scgan::results
