#include "results/report/table_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "results/figures/boxplot.h"
#include "results/report/notes.h"
#include "results/report/words.h"

namespace scgan::results {
namespace {

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

// "boxplot-synthetic-fid-AtoB-random_conv", with a number if that name is taken.
std::string plot_name(const ComparisonKey& key, std::map<std::string, int>& taken) {
  std::string name =
      fmt::format("boxplot-{}-{}-{}-{}", key.dataset, key.metric, key.direction, key.extractor);
  std::ranges::replace_if(
      name,
      [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-' && c != '_' && c != '.';
      },
      '_');
  const int count = ++taken[name];
  return count == 1 ? name : fmt::format("{}-{}", name, count);
}

}  // namespace

std::vector<std::vector<Figure>> table_figures(const Analysis& analysis) {
  std::map<std::string, int> taken;
  std::vector<std::vector<Figure>> figures;
  for (const MetricTable& table : analysis.summary.tables) {
    figures.push_back(
        {{.name = plot_name(table.key, taken),
          .caption = "",
          .alt = fmt::format("Boxplots of {}; every run is a point.", title_of(table)),
          .svg = boxplot_svg(make_plot(table))}});
  }
  return figures;
}

}  // namespace scgan::results
