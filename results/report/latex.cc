#include "results/report/latex.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "results/report/score_table.h"
#include "results/report/words.h"
#include "results/statistics/holm.h"

namespace scgan::results {
namespace {

// The cells of one label.
struct LatexRow {
  std::string label;
  std::map<double, const Cell*> cells;
};

std::vector<LatexRow> rows_of(const MetricTable& table) {
  std::vector<LatexRow> rows;
  for (const Cell& cell : table.cells) {
    if (rows.empty() || rows.back().label != cell.label) rows.push_back({cell.label, {}});
    rows.back().cells[cell.percentage] = &cell;
  }
  return rows;
}

const Cell* cell_at(const LatexRow& row, double percentage) {
  const auto found = row.cells.find(percentage);
  return found == row.cells.end() ? nullptr : found->second;
}

// The p of the two rows at the percentage; nullopt if they were not compared.
std::optional<double> p_of(const TableComparison& comparisons, const std::string& a,
                           const std::string& b, double percentage) {
  for (const Comparison& each : comparisons.models) {
    if (std::pair(each.first, each.second) != std::pair(a, b) &&
        std::pair(each.second, each.first) != std::pair(a, b)) {
      continue;
    }
    const auto cell = std::ranges::find(each.cells, percentage, &CellComparison::percentage);
    if (each.refusal.empty() && cell != each.cells.end()) return cell->p;
  }
  return std::nullopt;
}

// What is said about the cells of one column.
struct ColumnMarks {
  std::string best;
  std::set<std::string> underlined;
  // Rows that were not compared with the best one.
  std::set<std::string> unknown;
};

// A collapsed run's score means nothing, however good it looks.
std::optional<std::string> best_row(const MetricTable& table, const std::vector<LatexRow>& rows,
                                    double percentage) {
  std::optional<std::string> best;
  double best_mean = 0;
  for (const LatexRow& row : rows) {
    const Cell* cell = cell_at(row, percentage);
    if (cell == nullptr || cell->values.empty() || collapsed_count(*cell) > 0) continue;
    const double mean = statistics(cell->values).mean;
    if (!best || (is_recovered_change(table) ? mean > best_mean : mean < best_mean)) {
      best = row.label;
      best_mean = mean;
    }
  }
  return best;
}

ColumnMarks marks_of(const MetricTable& table, const TableComparison& comparisons,
                     const std::vector<LatexRow>& rows, double percentage) {
  const auto best = best_row(table, rows, percentage);
  if (!best) return {};
  ColumnMarks marks{.best = *best, .underlined = {}, .unknown = {}};
  std::vector<std::string> labels;
  std::vector<double> p_values;
  for (const LatexRow& row : rows) {
    const Cell* cell = cell_at(row, percentage);
    if (row.label == *best || cell == nullptr || cell->values.empty()) continue;
    if (const auto p = p_of(comparisons, row.label, *best, percentage)) {
      labels.push_back(row.label);
      p_values.push_back(*p);
    } else {
      marks.unknown.insert(row.label);
    }
  }
  const std::vector<double> adjusted = stats::holm(p_values);
  for (size_t i = 0; i < adjusted.size(); ++i) {
    if (adjusted[i] > kLevel) marks.underlined.insert(labels[i]);
  }
  return marks;
}

// "$-$12.50 $\pm$ 1.25": in text, TeX would print a hyphen.
std::string latex_number(const std::string& text) {
  std::string latex;
  for (size_t i = 0; i < text.size(); ++i) {
    if (std::string_view(text).substr(i).starts_with("±")) {
      latex += "$\\pm$";
      i += std::string_view("±").size() - 1;
    } else {
      latex += text[i] == '-' ? "$-$" : std::string(1, text[i]);
    }
  }
  return latex;
}

// The marks that the caption explains.
struct UsedMarks {
  bool underline = false, missing = false, collapsed = false, unknown = false;
};

std::string latex_cell(const Cell* cell, const std::string& label, const ColumnMarks& marks,
                       double factor, int decimals, UsedMarks& used) {
  if (cell == nullptr || (cell->values.empty() && cell->unfinished == 0)) return "--";
  std::string text = cell->values.empty() ? "--" : latex_number(mean_text(*cell, factor, decimals));
  if (label == marks.best) text = "\\textbf{" + text + "}";
  if (marks.underlined.contains(label)) {
    text = "\\underline{" + text + "}";
    used.underline = true;
  }
  used.unknown = used.unknown || marks.unknown.contains(label);
  if (cell->unfinished > 0) {
    text += "$^{\\dagger}$";
    used.missing = true;
  }
  if (collapsed_count(*cell) > 0) {
    text += "$^{\\ddagger}$";
    used.collapsed = true;
  }
  return text;
}

std::string runs_per_cell(const MetricTable& table) {
  std::set<size_t> counts;
  for (const Cell& cell : table.cells) counts.insert(cell.values.size());
  const size_t most = *counts.rbegin();
  if (counts.size() == 1) return fmt::format("{} {} per cell", most, most == 1 ? "run" : "runs");
  return fmt::format("{} to {} runs per cell", *counts.begin(), most);
}

// "A to B".
std::string direction_text(const std::string& direction) {
  const size_t to = direction.find("to");
  return to == std::string::npos ? direction
                                 : direction.substr(0, to) + " to " + direction.substr(to + 2);
}

std::string caption_of(const MetricTable& table, const UsedMarks& used) {
  const ComparisonKey& key = table.key;
  std::string text =
      fmt::format("{} on {}, {}", metric_label(table), key.dataset, direction_text(key.direction));
  if (!table.distinctions.empty())
    text += fmt::format(" ({})", fmt::join(table.distinctions, "; "));
  text += fmt::format(
      ": mean and standard deviation over the runs, {}, {} real and {} generated images. {} is "
      "better.",
      runs_per_cell(table), key.n_real, key.n_fake,
      is_recovered_change(table) ? "Higher" : "Lower");
  if (const size_t at = text.find(" x 100"); at < text.find(" on ")) text.replace(at, 2, " ×");
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  text = escape_latex(text) + " Bold: the best mean of its column.";
  if (used.underline) {
    text +=
        " Underlined: not shown to differ from the best (Mann--Whitney test, $p > 0.05$ "
        "after "
        "Holm's adjustment for the comparisons in the column).";
  }
  if (used.unknown) {
    text += " Not every model was compared with the best one; those not compared are unmarked.";
  }
  if (used.missing) text += " $^{\\dagger}$: planned runs without a result are missing.";
  if (used.collapsed) {
    text += " $^{\\ddagger}$: runs have collapsed, so the score means nothing.";
  }
  return text;
}

// "tab:synthetic-fid-AtoB-random-conv", with a number if that name is taken.
std::string label_of(const ComparisonKey& key, std::map<std::string, int>& taken) {
  std::string name =
      fmt::format("tab:{}-{}-{}-{}", key.dataset, key.metric, key.direction, key.extractor);
  std::ranges::replace_if(
      name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0 && c != ':'; },
      '-');
  const int count = ++taken[name];
  return count == 1 ? name : fmt::format("{}-{}", name, count);
}

// The score of the images that no model has changed, if it was computed from as many images.
std::string untranslated_line(const MetricTable& table, size_t columns) {
  for (const Baseline& baseline : table.baselines) {
    if (baseline.subject != Subject::kUntranslated || baseline.n_real != table.key.n_real ||
        baseline.n_fake != table.key.n_fake || baseline.low != baseline.high) {
      continue;
    }
    return fmt::format("\\midrule\nuntranslated images & \\multicolumn{{{}}}{{c}}{{{}}} \\\\\n",
                       columns,
                       latex_number(number(baseline.low * factor_of(table), decimals_of(table))));
  }
  return "";
}

std::string latex_table(const MetricTable& table, const TableComparison& comparisons,
                        const std::string& label) {
  const std::vector<LatexRow> rows = rows_of(table);
  std::map<double, ColumnMarks> marks;
  for (const Cell& cell : table.cells) marks.try_emplace(cell.percentage);
  std::vector<std::string> titles;
  for (auto& [percentage, column] : marks) {
    column = marks_of(table, comparisons, rows, percentage);
    titles.push_back(percentage_text(percentage) + "\\,\\%");
  }
  const int decimals = decimals_of(table);
  UsedMarks used;
  std::string body;
  for (const LatexRow& row : rows) {
    body += escape_latex(row.label);
    for (const auto& [percentage, column] : marks) {
      body += " & " + latex_cell(cell_at(row, percentage), row.label, column, factor_of(table),
                                 decimals, used);
    }
    body += " \\\\\n";
  }
  return fmt::format(
      "\\begin{{table}}\n\\centering\n\\caption{{{}}}\n\\label{{{}}}\n\\begin{{tabular}}{{l{}}}\n"
      "\\toprule\n & \\multicolumn{{{}}}{{c}}{{training images used}} \\\\\nvariant & {} \\\\\n"
      "\\midrule\n{}{}\\bottomrule\n\\end{{tabular}}\n\\end{{table}}\n",
      caption_of(table, used), label, std::string(titles.size(), 'r'), titles.size(),
      fmt::join(titles, " & "), body, untranslated_line(table, titles.size()));
}

}  // namespace

std::string to_latex(const Analysis& analysis) {
  std::string latex = "% Tables of a sweep. The document needs \\usepackage{booktabs}.\n";
  std::map<std::string, int> taken;
  for (size_t i = 0; i < analysis.summary.tables.size(); ++i) {
    const MetricTable& table = analysis.summary.tables[i];
    latex += "\n" + latex_table(table, analysis.comparisons[i], label_of(table.key, taken));
  }
  return latex;
}

std::string escape_latex(const std::string& text) {
  static const std::map<char, std::string_view> kEscapes = {
      {'\\', "\\textbackslash{}"},
      {'{', "\\{"},
      {'}', "\\}"},
      {'$', "\\$"},
      {'&', "\\&"},
      {'#', "\\#"},
      {'%', "\\%"},
      {'_', "\\_"},
      {'~', "\\textasciitilde{}"},
      {'^', "\\textasciicircum{}"},
      {'<', "\\textless{}"},
      {'>', "\\textgreater{}"},
      {'|', "\\textbar{}"},
      {'[', "{[}"},  // after \\\\ it would be an argument
      {'\n', " "}};
  std::string safe;
  for (const char c : text) {
    const auto found = kEscapes.find(c);
    if (found == kEscapes.end()) {
      safe += c;
    } else {
      safe += found->second;
    }
  }
  return safe;
}

}  // namespace scgan::results
