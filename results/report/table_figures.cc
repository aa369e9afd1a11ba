#include "results/report/table_figures.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "results/figures/boxplot.h"
#include "results/figures/line_chart.h"
#include "results/report/curve_figures.h"
#include "results/report/figure_names.h"
#include "results/report/notes.h"
#include "results/report/words.h"

namespace scgan::results {
namespace {

// What a point says when the mouse is over it: "scgan, 25 %, seed 3, run 0123...: 41.20".
std::string point_title(const Cell& cell, size_t run, const std::string& value) {
  return fmt::format("{}, {} %, seed {}, run {}: {}{}", cell.label,
                     percentage_text(cell.percentage), cell.runs[run]->plan.seed,
                     cell.runs[run]->plan.id, value, cell.collapsed[run] ? ", collapsed" : "");
}

Boxplot make_plot(const MetricTable& table) {
  Boxplot plot{.title = title_of(table),
               .x_title = "Training images used (%)",
               .y_title = metric_label(table),
               .alt = fmt::format("Boxplots of {}; every run is a point.", title_of(table)),
               .notes = figure_notes(table),
               .groups = {},
               .series = {},
               .baselines = {}};
  const double factor = factor_of(table);
  const int decimals = decimals_of(table);
  bool has_collapsed = false;
  std::set<double> percentages;
  for (const Cell& cell : table.cells) percentages.insert(cell.percentage);
  for (const double percentage : percentages) plot.groups.push_back(percentage_text(percentage));
  for (const Cell& cell : table.cells) {
    if (plot.series.empty() || plot.series.back().label != cell.label) {
      plot.series.push_back(
          {cell.label, std::vector<std::vector<BoxplotPoint>>(percentages.size())});
    }
    const auto group =
        static_cast<size_t>(std::distance(percentages.begin(), percentages.find(cell.percentage)));
    for (size_t i = 0; i < cell.values.size(); ++i) {
      const double value = cell.values[i] * factor;
      plot.series.back().groups[group].push_back(
          {.value = value,
           .title = point_title(cell, i, number(value, decimals)),
           .hollow = cell.collapsed[i]});
    }
    has_collapsed = has_collapsed || collapsed_count(cell) > 0;
  }
  if (has_collapsed) plot.notes.emplace_back("Hollow points are collapsed runs.");
  if (is_recovered_change(table)) plot.baselines.push_back({"all of the change", 1});
  for (const Baseline& baseline : table.baselines) {
    plot.baselines.push_back(
        {baseline_label(baseline), (baseline.low + baseline.high) / 2 * factor});
  }
  return plot;
}

// The share of runs that are at least as good as a ratio to the first model's median.
Figure profile_figure(const MetricTable& table, const std::vector<Aggregate>& aggregates,
                      FigureNames& names) {
  const ComparisonKey& key = table.key;
  const std::string& first = aggregates.front().model;
  LineChart chart{
      .title = fmt::format("{}: performance profile", title_of(table)),
      .x_title = fmt::format("{} relative to the median of {} at the same amount of data",
                             is_recovered_change(table) ? "Recovered change" : "Score", first),
      .y_title = "Share of runs at least as good",
      .alt = fmt::format("Performance profile of {}: for each model the share of its runs that are "
                         "at least as good as a ratio.",
                         title_of(table)),
      .notes = {is_recovered_change(table) ? "Higher curves further right are better."
                                           : "Higher curves further left are better."},
      .labels = {},
      .panels = {{.title = "", .series = {}}},
      .columns = 1,
      .steps = true};
  for (const Aggregate& each : aggregates) {
    LineSeries line{.label = chart.labels.size(), .x = {}, .y = {}};
    for (const stats::ProfilePoint& point : each.profile) {
      line.x.push_back(point.tau);
      line.y.push_back(point.share.value);
      line.low.push_back(point.share.interval.low);
      line.high.push_back(point.share.interval.high);
    }
    chart.labels.push_back(each.model);
    chart.panels.front().series.push_back(std::move(line));
  }
  return {.name = names.take(fmt::format("profile-{}-{}-{}-{}", key.dataset, key.metric,
                                         key.direction, key.extractor)),
          .caption = "",
          .alt = chart.alt,
          .svg = line_chart_svg(chart)};
}

}  // namespace

std::vector<std::vector<Figure>> table_figures(const Analysis& analysis, TrainingRecords& records) {
  FigureNames names;
  std::vector<std::vector<Figure>> figures;
  for (size_t i = 0; i < analysis.summary.tables.size(); ++i) {
    const MetricTable& table = analysis.summary.tables[i];
    const ComparisonKey& key = table.key;
    const Boxplot plot = make_plot(table);
    figures.emplace_back();
    figures.back().push_back(
        {.name = names.take(fmt::format("boxplot-{}-{}-{}-{}", key.dataset, key.metric,
                                        key.direction, key.extractor)),
         .caption = "",
         .alt = plot.alt,
         .svg = boxplot_svg(plot)});
    if (auto curves = score_curves(table, records, names)) {
      figures.back().push_back(std::move(*curves));
    }
    if (const auto& aggregates = analysis.comparisons[i].aggregates; !aggregates.empty()) {
      figures.back().push_back(profile_figure(table, aggregates, names));
    }
  }
  return figures;
}

}  // namespace scgan::results
