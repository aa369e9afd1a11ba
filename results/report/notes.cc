#include "results/report/notes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "results/figures/boxplot.h"

namespace scgan::results {
namespace {

using StepsByPercentage = std::map<double, std::set<int64_t>>;

StepsByPercentage steps_of(const MetricTable& table) {
  StepsByPercentage steps;
  for (const Cell& cell : table.cells) {
    steps[cell.percentage].insert(cell.steps.begin(), cell.steps.end());
  }
  return steps;
}

// "50 %: 24 steps, 100 %: 48 steps"; empty if all are equal.
std::string different_steps(const MetricTable& table) {
  std::set<int64_t> all;
  std::vector<std::string> parts;
  for (const auto& [percentage, steps] : steps_of(table)) {
    all.insert(steps.begin(), steps.end());
    parts.push_back(fmt::format("{} %: {} steps", percentage, steps_text(steps)));
  }
  return all.size() > 1 ? fmt::format("{}", fmt::join(parts, ", ")) : "";
}

std::vector<std::string> steps_notes(const MetricTable& table) {
  const std::string different = different_steps(table);
  if (different.empty()) return {};
  return {fmt::format(
      "The runs differ in their training, not only in their data: {}. With the same number of "
      "epochs, fewer images mean fewer steps; set train.steps to compare at equal training.",
      different)};
}

std::string cell_text(const Cell& cell) {
  return fmt::format("{} {} %", cell.label, cell.percentage);
}

std::vector<std::string> collapsed_notes(const MetricTable& table) {
  std::vector<std::string> cells;
  int64_t count = 0;
  for (const Cell& cell : table.cells) {
    const int64_t collapsed = collapsed_count(cell);
    if (collapsed == 0) continue;
    count += collapsed;
    cells.push_back(fmt::format("{} of {} of {}", collapsed, cell.values.size(), cell_text(cell)));
  }
  if (count == 0) return {};
  return {fmt::format(
      "{} collapsed: {}. The outputs of a collapsed run are nearly all alike, whatever it is "
      "shown; its score means nothing, however good it looks. It counts in median, quartiles, mean "
      "and sd, and is never the best.",
      count == 1 ? "1 run has" : fmt::format("{} runs have", count), fmt::join(cells, "; "))};
}

// As scgan_fid says it.
std::vector<std::string> few_images_notes(const MetricTable& table) {
  const int64_t images = std::min(table.key.n_real, table.key.n_fake);
  if (table.key.metric != "fid" || images >= table.feature_count) return {};
  return {fmt::format(
      "{} images are fewer than the {} features; FID is then far above its value for many images "
      "and falls as their number grows, so compare only equal numbers of images.",
      images, table.feature_count)};
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
                         ? fmt::format("{} {} in every cell.", most, most == 1 ? "run" : "runs")
                         : fmt::format("{} to {} runs per cell.", fewest, most);
  if (unfinished > 0) {
    note +=
        fmt::format(" {} planned {} no result; \"2 of 3\" marks a cell in which runs are missing.",
                    unfinished, unfinished == 1 ? "run has" : "runs have");
  }
  if (most > 1) note += " sd: standard deviation over the runs.";
  if (fewest < kFewestForQuartiles) note += " Quartiles are shown for three or more runs.";
  return note;
}

// The different values of a key in the specs of the table's runs; empty if no spec has the key.
std::set<std::string> values_in(const MetricTable& table, const std::string& key) {
  std::set<std::string> values;
  for (const Cell& cell : table.cells) {
    if (std::string value = spec_value(*cell.spec, key); !value.empty() && !cell.values.empty()) {
      values.insert(std::move(value));
    }
  }
  return values;
}

std::vector<std::string> scaling_notes(const MetricTable& table) {
  const auto generator = values_in(table, "model.generator_width");
  const auto discriminator = values_in(table, "model.discriminator_width");
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

}  // namespace

std::string steps_text(const std::set<int64_t>& steps) {
  if (steps.empty()) return "";
  return steps.size() == 1 ? fmt::format("{}", *steps.begin())
                           : fmt::format("{} to {}", *steps.begin(), *steps.rbegin());
}

std::vector<std::string> notes_of(const MetricTable& table) {
  std::vector<std::string> notes = {counts_note(table)};
  const auto add = [&](std::vector<std::string> more) {
    std::ranges::move(more, std::back_inserter(notes));
  };
  add(collapsed_notes(table));
  add(steps_notes(table));
  add(few_images_notes(table));
  add(scaling_notes(table));
  add(settings_notes(table));
  return notes;
}

std::vector<std::string> figure_notes(const MetricTable& table) {
  std::vector<std::string> notes;
  if (!table.distinctions.empty()) {
    notes.push_back(fmt::format("{}", fmt::join(table.distinctions, "; ")));
  }
  if (const std::string steps = different_steps(table); !steps.empty()) {
    notes.push_back("Training differs: " + steps);
  }
  int64_t collapsed = 0;
  for (const Cell& cell : table.cells) collapsed += collapsed_count(cell);
  if (collapsed > 0) {
    notes.push_back(fmt::format("{} of the points {} collapsed: the score means nothing", collapsed,
                                collapsed == 1 ? "is a run that has" : "are runs that have"));
  }
  return notes;
}

}  // namespace scgan::results
