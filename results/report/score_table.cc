#include "results/report/score_table.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>
#include <vector>

#include "results/report/notes.h"
#include "results/report/words.h"

namespace scgan::results {

int64_t planned_count(const Cell& cell) {
  return static_cast<int64_t>(cell.values.size()) + cell.unfinished;
}

std::string count_text(const Cell& cell) {
  return cell.unfinished == 0 ? fmt::format("{}", cell.values.size())
                              : fmt::format("{} of {}", cell.values.size(), planned_count(cell));
}

std::string mean_text(const Cell& cell, double factor, int decimals) {
  if (cell.values.empty()) return kNone;
  const Statistics all = statistics(cell.values);
  const std::string mean = number(all.mean * factor, decimals);
  return std::isnan(all.sd) ? mean : mean + " ± " + number(all.sd * factor, decimals);
}

Table score_table(const MetricTable& table) {
  Table shown{.columns = {{"variant"},
                          {"data %", true},
                          {"steps", true},
                          {"runs", true},
                          {"median", true},
                          {"quartiles", true},
                          {"mean ± sd", true},
                          {"best", true}},
              .rows = {}};
  const int decimals = decimals_of(table);
  const double factor = factor_of(table);
  for (const Cell& cell : table.cells) {
    std::vector<std::string> row = {cell.label, percentage_text(cell.percentage),
                                    steps_text(cell.steps), count_text(cell)};
    if (cell.values.empty()) {
      row.resize(shown.columns.size(), kNone);
    } else {
      const Statistics all = statistics(cell.values);
      const auto best = best_index(table, cell);
      row.push_back(number(all.median * factor, decimals));
      row.push_back(std::isnan(all.q1) ? kNone
                                       : number(all.q1 * factor, decimals) + " to " +
                                             number(all.q3 * factor, decimals));
      row.push_back(mean_text(cell, factor, decimals));
      row.push_back(best ? number(cell.values[*best] * factor, decimals) : "collapsed");
    }
    shown.rows.push_back(std::move(row));
  }
  return shown;
}

}  // namespace scgan::results
