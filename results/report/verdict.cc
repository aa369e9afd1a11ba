#include "results/report/verdict.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "results/report/words.h"

namespace scgan::results {
namespace {

// "a", "a and b", "a, b and c".
std::string listed(const std::vector<std::string>& words) {
  if (words.size() < 2) return words.empty() ? "" : words.front();
  const std::vector<std::string> first(words.begin(), words.end() - 1);
  return fmt::format("{} and {}", fmt::join(first, ", "), words.back());
}

std::string percentages_text(const std::vector<double>& percentages) {
  std::vector<std::string> words;
  for (const double percentage : percentages) words.push_back(percentage_text(percentage) + " %");
  return listed(words);
}

std::string count_text(int64_t count, const char* one, const char* many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

// "p = 0.012", "p < 0.0001".
std::string p_text(double p) {
  return p < 1e-4 ? std::string("p < 0.0001") : fmt::format("p = {:.2g}", p);
}

// Of so few runs, whatever their scores.
std::string smallest_p_text(double p) {
  return fmt::format("the smallest possible p is {:.2g}", p);
}

// The metric in a sentence.
std::string metric_word(const MetricTable& table) {
  if (is_recovered_change(table)) return "recovered change";
  return table.key.metric == "kid" ? "KID x 100" : "FID";
}

// What a row's runs say of the untranslated images, without the row's name: equal texts are joined
// into one sentence.
std::string untranslated_predicate(const UntranslatedComparison& row) {
  std::string runs = fmt::format("{} of {}", row.better, count_text(row.n, "run", "runs"));
  std::vector<double> mostly_worse;
  for (const BetterCount& cell : row.cells) {
    if (2 * cell.better < cell.n) mostly_worse.push_back(cell.percentage);
  }
  if (2 * row.better > row.n && !mostly_worse.empty()) {
    runs +=
        fmt::format(", but in fewer than half of the runs at {}", percentages_text(mostly_worse));
  }
  if (row.evidence == Evidence::kDiffers) {
    return fmt::format("{} than the untranslated images: {}, {}",
                       2 * row.better > row.n ? "better" : "worse", runs, p_text(*row.adjusted_p));
  }
  return fmt::format("better than the untranslated images in {} ({})", runs,
                     row.evidence == Evidence::kTooFewRuns
                         ? "too few to be significant: " + smallest_p_text(*row.adjusted_floor)
                         : "not significant, " + p_text(*row.adjusted_p));
}

std::vector<std::string> untranslated_sentences(const MetricTable& table,
                                                const TableComparison& comparison) {
  std::vector<std::string> sentences;
  std::vector<std::pair<std::string, std::vector<std::string>>> models_of;  // predicate, models
  bool any_is_better = false;
  for (const UntranslatedComparison& row : comparison.untranslated) {
    if (row.evidence == Evidence::kRefused) continue;
    any_is_better = any_is_better || 2 * row.better > row.n;
    const std::string predicate = untranslated_predicate(row);
    const auto found =
        std::ranges::find(models_of, predicate, [](const auto& e) { return e.first; });
    if (found == models_of.end()) {
      models_of.push_back({predicate, {row.model}});
    } else {
      found->second.push_back(row.model);
    }
  }
  if (models_of.empty()) return sentences;
  if (!any_is_better) {
    sentences.push_back(
        fmt::format("No model is better than doing nothing: the untranslated images have {} {}.",
                    metric_word(table),
                    number(comparison.untranslated.front().untranslated * factor_of(table),
                           decimals_of(table))));
  }
  for (const auto& [predicate, models] : models_of) {
    sentences.push_back(fmt::format("{} {} {}.", listed(models),
                                    models.size() == 1 ? "is" : "are each", predicate));
  }
  return sentences;
}

// A comparison told from the side of the better model.
struct Told {
  std::string better, worse;
  bool is_tie = false;
  double shift = 0;  // > 0: in favour of `better`
  stats::Interval interval;
  double improvement = 0.5;
  stats::Interval improvement_interval;
  // Percentages at which `better` is better.
  std::vector<double> percentages;
};

stats::Interval mirrored(const stats::Interval& interval, double sum) {
  return {sum - interval.high, sum - interval.low, interval.is_range};
}

Told told(const MetricTable& table, const Comparison& comparison) {
  const bool first_is_better = comparison.improvement.value_or(0.5) >= 0.5;
  Told result{.better = first_is_better ? comparison.first : comparison.second,
              .worse = first_is_better ? comparison.second : comparison.first,
              .is_tie = comparison.improvement == 0.5,
              .shift = comparison.shift.value_or(0),
              .interval = comparison.shift_interval,
              .improvement = comparison.improvement.value_or(0.5),
              .improvement_interval = comparison.improvement_interval,
              .percentages = {}};
  if (first_is_better != is_recovered_change(table)) {
    result.shift = -result.shift;
    result.interval = mirrored(result.interval, 0);
  }
  if (!first_is_better) {
    result.improvement = 1 - result.improvement;
    result.improvement_interval = mirrored(result.improvement_interval, 1);
  }
  for (const CellComparison& cell : comparison.cells) {
    if (!cell.improvement) continue;
    if (first_is_better ? *cell.improvement > 0.5 : *cell.improvement < 0.5) {
      result.percentages.push_back(cell.percentage);
    }
  }
  return result;
}

std::string interval_text(const stats::Interval& interval, double factor, int decimals) {
  return fmt::format("{} {} to {}", interval.is_range ? "range" : "95 % interval",
                     number(interval.low * factor, decimals),
                     number(interval.high * factor, decimals));
}

// "FID lower by 0.12 (range 0.05 to 0.21), at 2 of 2 amounts of data".
std::string size_text(const MetricTable& table, const Comparison& comparison, const Told& side) {
  const double factor = factor_of(table);
  const int decimals = decimals_of(table);
  std::string text = fmt::format(
      "{} {} by {} ({})", metric_word(table), is_recovered_change(table) ? "higher" : "lower",
      number(side.shift * factor, decimals), interval_text(side.interval, factor, decimals));
  if (comparison.cells.size() > 1) {
    text += fmt::format(", at {} of {} amounts of data", side.percentages.size(),
                        comparison.cells.size());
  }
  return text;
}

std::string fewest_runs(const Comparison& comparison) {
  int64_t fewest = -1, most = 0;
  for (const CellComparison& cell : comparison.cells) {
    for (const int64_t n : {cell.n_first + cell.lost_first, cell.n_second + cell.lost_second}) {
      fewest = fewest < 0 ? n : std::min(fewest, n);
      most = std::max(most, n);
    }
  }
  return fewest == most ? count_text(most, "run", "runs")
                        : fmt::format("{} to {} runs", fewest, most);
}

std::string needed_text(const Comparison& comparison) {
  if (!comparison.runs_needed) return "even 100 runs per cell would probably not show this";
  return fmt::format("about {} runs per cell would probably show this", *comparison.runs_needed);
}

struct Losses {
  int64_t lost = 0, all = 0, waiting = 0;
};

std::string lost_text(const std::string& model, const Losses& losses) {
  return fmt::format("{} of {} of {}", losses.lost, count_text(losses.all, "run", "runs"), model);
}

std::pair<Losses, Losses> losses_of(const Comparison& comparison) {
  Losses first, second;
  for (const CellComparison& cell : comparison.cells) {
    first.lost += cell.lost_first;
    first.all += cell.n_first + cell.lost_first;
    first.waiting += cell.waiting_first;
    second.lost += cell.lost_second;
    second.all += cell.n_second + cell.lost_second;
    second.waiting += cell.waiting_second;
  }
  return {first, second};
}

bool is_preliminary(const Comparison& comparison) {
  const auto [first, second] = losses_of(comparison);
  return first.waiting + second.waiting > 0;
}

std::string differs_sentence(const MetricTable& table, const Comparison& comparison,
                             const Told& side) {
  return fmt::format("{}{} is better than {}: {}, in {:.0f} % of the pairs of runs; {}.",
                     is_preliminary(comparison) ? "So far, " : "", side.better, side.worse,
                     size_text(table, comparison, side), 100 * side.improvement,
                     p_text(*comparison.adjusted_p));
}

// What the runs suggest without showing it.
std::string tendency_sentence(const MetricTable& table, const Comparison& comparison,
                              const Told& side) {
  if (!comparison.shift) return "At no amount of data do both have a score that means something.";
  if (side.is_tie) return "Each is better in half of the pairs of runs.";
  return fmt::format("Here {} is ahead: {}; {}.", side.better, size_text(table, comparison, side),
                     needed_text(comparison));
}

std::string crossing_sentence(const MetricTable& table, const Comparison& comparison) {
  std::vector<double> first, second;
  for (const CellComparison& cell : comparison.cells) {
    if (!cell.improvement || *cell.improvement == 0.5) continue;
    (*cell.improvement > 0.5 ? first : second).push_back(cell.percentage);
  }
  return fmt::format(
      "Which of {} and {} is better depends on the amount of data: {} has the {} {} at {}, {} at "
      "{}.",
      comparison.first, comparison.second, comparison.first,
      is_recovered_change(table) ? "higher" : "lower", metric_word(table), percentages_text(first),
      comparison.second, percentages_text(second));
}

// What weakens a comparison.
std::string caveats(const Comparison& comparison) {
  const auto [first, second] = losses_of(comparison);
  std::string text;
  if (first.lost > 0 || second.lost > 0) {
    std::vector<std::string> lost;
    if (first.lost > 0) lost.push_back(lost_text(comparison.first, first));
    if (second.lost > 0) lost.push_back(lost_text(comparison.second, second));
    text += fmt::format(" {} failed or collapsed: lost runs count as the worst in the test",
                        listed(lost));
    if (comparison.shift) text += ", but the sizes describe only the survivors";
    if (comparison.shift && lost.size() == 1) {
      text +=
          fmt::format(" and may flatter {}", first.lost > 0 ? comparison.first : comparison.second);
    }
    text += ".";
  }
  if (const int64_t waiting = first.waiting + second.waiting; waiting > 0) {
    text += fmt::format(" This is preliminary: {} no result yet.",
                        waiting == 1 ? "1 run has" : fmt::format("{} runs have", waiting));
  }
  if (!comparison.different_steps.empty()) {
    text += fmt::format(" The two were trained for different numbers of steps at {}.",
                        percentages_text(comparison.different_steps));
  }
  return text;
}

std::string model_sentence(const MetricTable& table, const Comparison& comparison) {
  const Told side = told(table, comparison);
  const std::string both = fmt::format("{} and {}", comparison.first, comparison.second);
  switch (comparison.evidence) {
    case Evidence::kDiffers:
      return differs_sentence(table, comparison, side);
    case Evidence::kCrosses:
      return crossing_sentence(table, comparison);
    case Evidence::kNotShown:
      return fmt::format("{}: no difference is shown ({}). {}", both,
                         p_text(*comparison.adjusted_p),
                         tendency_sentence(table, comparison, side));
    case Evidence::kTooFewRuns:
      return fmt::format("{}: {} per cell are too few to show a difference: {}. {}", both,
                         fewest_runs(comparison), smallest_p_text(*comparison.adjusted_floor),
                         tendency_sentence(table, comparison, side));
    case Evidence::kRefused:
      return fmt::format("{} are not compared: {}.", both, comparison.refusal);
  }
  return {};
}

std::string optional_p(const std::optional<double>& p) {
  return p ? (*p < 1e-4 ? std::string("< 0.0001") : fmt::format("{:.2g}", *p)) : std::string(kNone);
}

std::string optional_number(const std::optional<double>& value, double factor, int decimals) {
  return value ? number(*value * factor, decimals) : std::string(kNone);
}

}  // namespace

std::vector<Verdict> verdicts(const Analysis& analysis) {
  std::vector<Verdict> all;
  for (size_t i = 0; i < analysis.summary.tables.size(); ++i) {
    const MetricTable& table = analysis.summary.tables[i];
    const TableComparison& comparison = analysis.comparisons[i];
    Verdict verdict{.heading = heading_of(table),
                    .sentences = untranslated_sentences(table, comparison)};
    for (const Comparison& each : comparison.models) {
      std::string sentence = model_sentence(table, each);
      if (each.evidence != Evidence::kRefused) sentence += caveats(each);
      verdict.sentences.push_back(std::move(sentence));
    }
    all.push_back(std::move(verdict));
  }
  return all;
}

std::vector<std::string> verdict_notes(const Analysis& analysis) {
  int64_t models = 0, untranslated = 0;
  bool any_is_range = false, any_is_planned = false;
  for (const TableComparison& table : analysis.comparisons) {
    models = table.models_family;
    untranslated = table.untranslated_family;
    for (const Comparison& each : table.models) {
      any_is_range = any_is_range || (each.shift && each.shift_interval.is_range);
      any_is_planned = any_is_planned || each.evidence == Evidence::kNotShown ||
                       each.evidence == Evidence::kTooFewRuns;
    }
  }
  if (models + untranslated == 0) return {};
  std::string note = fmt::format(
      "Each p is adjusted (Holm) for the {} between models or the {} with the untranslated images "
      "in "
      "this report; up to {} counts as shown.",
      count_text(models, "comparison", "comparisons"),
      count_text(untranslated, "comparison", "comparisons"), kLevel);
  if (any_is_planned) note += " \"Probably\" means with a probability of 80 %.";
  if (any_is_range) {
    note +=
        " A range is what resampling fewer than five runs gives; it is not a confidence interval.";
  }
  return {note};
}

Table comparison_numbers(const MetricTable& table, const TableComparison& comparison) {
  Table shown{.columns = {{"comparison"},
                          {"data %", true},
                          {"n", true},
                          {"difference", true},
                          {"from", true},
                          {"to", true},
                          {"P(first better)", true},
                          {"p", true},
                          {"least p", true},
                          {"adjusted p", true},
                          {"paired p", true}},
              .rows = {}};
  const double factor = factor_of(table);
  const int decimals = decimals_of(table);
  for (const Comparison& each : comparison.models) {
    if (each.evidence == Evidence::kRefused) continue;
    const std::string name = fmt::format("{} - {}", each.first, each.second);
    int64_t first = 0, second = 0;
    for (const CellComparison& cell : each.cells) {
      first += cell.n_first;
      second += cell.n_second;
    }
    shown.rows.push_back({name, "all", fmt::format("{}, {}", first, second),
                          optional_number(each.shift, factor, decimals),
                          number(each.shift_interval.low * factor, decimals),
                          number(each.shift_interval.high * factor, decimals),
                          optional_number(each.improvement, 1, 2), optional_p(each.p),
                          optional_p(each.floor), optional_p(each.adjusted_p),
                          optional_p(each.paired_p)});
    for (const CellComparison& cell : each.cells) {
      shown.rows.push_back({name, percentage_text(cell.percentage),
                            fmt::format("{}, {}", cell.n_first, cell.n_second),
                            optional_number(cell.shift, factor, decimals), kNone, kNone,
                            optional_number(cell.improvement, 1, 2), optional_p(cell.p),
                            optional_p(cell.floor), kNone, kNone});
    }
  }
  return shown;
}

Table aggregate_numbers(const TableComparison& comparison) {
  if (comparison.aggregates.empty()) return {};
  const std::string first = comparison.aggregates.front().model;
  Table shown{
      .columns = {{"variant"},
                  {fmt::format("interquartile mean, {} = 1", first), true},
                  {comparison.aggregates.front().mean.interval.is_range ? "range" : "95 % interval",
                   true}},
      .rows = {}};
  for (const Aggregate& each : comparison.aggregates) {
    shown.rows.push_back(
        {each.model, fmt::format("{:.3f}", each.mean.value),
         fmt::format("{:.3f} to {:.3f}", each.mean.interval.low, each.mean.interval.high)});
  }
  return shown;
}

}  // namespace scgan::results
