#include "results/report/selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace scgan::results {

std::vector<double> shown_percentages(const MetricTable& table, size_t most) {
  std::set<double> different;
  for (const Cell& cell : table.cells) different.insert(cell.percentage);
  const std::vector<double> all(different.begin(), different.end());
  if (all.size() <= most) return all;
  std::vector<double> chosen;
  for (size_t i = 0; i < most; ++i) chosen.push_back(all[i * (all.size() - 1) / (most - 1)]);
  return chosen;
}

ShownLabels shown_labels(const MetricTable& table) {
  constexpr size_t kMost = 7;  // as many as there are colours
  ShownLabels shown;
  for (const Cell& cell : table.cells) {
    if (std::ranges::find(shown.labels, cell.label) == shown.labels.end()) {
      shown.labels.push_back(cell.label);
    }
  }
  const size_t all = shown.labels.size();
  if (all > kMost) {
    shown.labels.resize(kMost);
    shown.note = fmt::format("{} of {} variants are shown.", kMost, all);
  }
  return shown;
}

const Cell* find_cell(const MetricTable& table, const std::string& label, double percentage) {
  const auto cell = std::ranges::find_if(table.cells, [&](const Cell& each) {
    return each.label == label && each.percentage == percentage;
  });
  return cell == table.cells.end() ? nullptr : &*cell;
}

}  // namespace scgan::results
