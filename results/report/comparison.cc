#include "results/report/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "core/base/parallel_for.h"
#include "results/statistics/effect.h"
#include "results/statistics/holm.h"
#include "results/statistics/mann_whitney.h"
#include "results/statistics/power.h"
#include "results/statistics/signed_rank.h"

namespace scgan::results {
namespace {

// Tables with more rows would need too many comparisons for any of them to be shown.
constexpr size_t kMostRowsForAllPairs = 6;

// The cells of one model.
struct Row {
  std::string label;
  std::map<double, const Cell*> cells;  // by percentage
};

std::vector<Row> rows_of(const MetricTable& table) {
  std::vector<Row> rows;
  for (const Cell& cell : table.cells) {
    if (rows.empty() || rows.back().label != cell.label) rows.push_back({cell.label, {}});
    rows.back().cells[cell.percentage] = &cell;
  }
  return rows;
}

stats::Better better_of(const MetricTable& table) {
  return is_recovered_change(table) ? stats::Better::kHigher : stats::Better::kLower;
}

// The scores that mean something.
stats::Sample survivors(const Cell& cell) {
  stats::Sample values;
  for (size_t i = 0; i < cell.values.size(); ++i) {
    if (!cell.collapsed[i]) values.push_back(cell.values[i]);
  }
  return values;
}

int64_t lost_count(const Cell& cell) { return cell.failed + collapsed_count(cell); }

// The survivors' scores, and for each lost run one that is worse than all of both cells: tests on
// ranks need no more. Runs that were lost because a model trains badly must not make it look
// better.
stats::CellPair pair_for_test(const Cell& first, const Cell& second, stats::Better better) {
  stats::CellPair pair{survivors(first), survivors(second)};
  double lowest = 0, highest = 0;
  for (const stats::Sample* values : {&pair.a, &pair.b}) {
    for (const double value : *values) {
      lowest = std::min(lowest, value);
      highest = std::max(highest, value);
    }
  }
  const double worst = better == stats::Better::kLower ? 2 * highest + 1 : 2 * lowest - 1;
  pair.a.insert(pair.a.end(), static_cast<size_t>(lost_count(first)), worst);
  pair.b.insert(pair.b.end(), static_cast<size_t>(lost_count(second)), worst);
  return pair;
}

std::string setting(const Cell& cell, const std::string& key) {
  const auto found = cell.spec->keys.settings.find(key);
  return found == cell.spec->keys.settings.end() ? "" : plain_text(found->second);
}

// Whether the runs with one seed trained on the same images while other seeds had others.
bool seeds_pair(const Cell& cell) {
  return cell.percentage < 100 && setting(cell, "data.subset") == "seeded";
}

// first - second of the seeds that both have; empty if one side lacks a seed of the other.
stats::Sample paired_differences(const Cell& first, const Cell& second) {
  std::map<int64_t, double> of_second;
  for (size_t i = 0; i < second.runs.size(); ++i) {
    of_second[second.runs[i]->plan.seed] = second.values[i];
  }
  stats::Sample differences;
  for (size_t i = 0; i < first.runs.size(); ++i) {
    const auto found = of_second.find(first.runs[i]->plan.seed);
    if (found == of_second.end()) return {};
    differences.push_back(first.values[i] - found->second);
  }
  return differences.size() == of_second.size() ? differences : stats::Sample();
}

CellComparison compare_cells(const Cell& first, const Cell& second, stats::Better better) {
  const stats::CellPair alive{survivors(first), survivors(second)};
  CellComparison result{.percentage = first.percentage,
                        .n_first = static_cast<int64_t>(alive.a.size()),
                        .n_second = static_cast<int64_t>(alive.b.size()),
                        .lost_first = lost_count(first),
                        .lost_second = lost_count(second),
                        .waiting_first = first.unfinished - first.failed,
                        .waiting_second = second.unfinished - second.failed,
                        .p = {},
                        .floor = {},
                        .shift = {},
                        .improvement = {}};
  if (const auto test = stats::mann_whitney(pair_for_test(first, second, better), better)) {
    result.p = test->p;
    result.floor = test->floor;
  }
  const std::vector<stats::CellPair> cells = {alive};
  if (const auto effect = stats::estimate_effect(cells, better, {.resamples = 1})) {
    result.shift = effect->shift.value;
    result.improvement = effect->improvement.value;
  }
  return result;
}

// Why two rows are not compared; empty if they are.
std::string refusal_of(const Row& first, const Row& second) {
  for (const auto& [percentage, cell] : first.cells) {
    const auto found = second.cells.find(percentage);
    if (found == second.cells.end()) continue;
    const std::string a = setting(*cell, "train.precision");
    const std::string b = setting(*found->second, "train.precision");
    if (a != b) return fmt::format("one was trained in {}, the other in {}", a, b);
  }
  return {};
}

// The pairs of cells at the percentages that both rows have.
std::vector<std::pair<const Cell*, const Cell*>> shared_cells(const Row& first, const Row& second) {
  std::vector<std::pair<const Cell*, const Cell*>> pairs;
  for (const auto& [percentage, cell] : first.cells) {
    const auto found = second.cells.find(percentage);
    if (found != second.cells.end()) pairs.emplace_back(cell, found->second);
  }
  return pairs;
}

void add_paired_test(const std::vector<std::pair<const Cell*, const Cell*>>& shared,
                     stats::Better better, Comparison& result) {
  std::vector<stats::Sample> differences;
  bool any_is_paired = false;
  for (const auto& [first, second] : shared) {
    any_is_paired = any_is_paired || (seeds_pair(*first) && seeds_pair(*second));
    differences.push_back(paired_differences(*first, *second));
    if (differences.back().empty()) return;
  }
  if (!any_is_paired) return;
  if (const auto test = stats::signed_rank_test(differences, better)) result.paired_p = test->p;
}

// Without Holm's adjustment and the evidence.
Comparison compare_rows(const Row& first, const Row& second, stats::Better better) {
  Comparison result{.first = first.label,
                    .second = second.label,
                    .cells = {},
                    .refusal = refusal_of(first, second),
                    .different_steps = {}};
  const auto shared = shared_cells(first, second);
  if (shared.empty()) result.refusal = "they have no amount of data in common";
  if (!result.refusal.empty()) return result;
  std::vector<stats::CellPair> pairs;
  for (const auto& [a, b] : shared) {
    result.cells.push_back(compare_cells(*a, *b, better));
    if (a->steps != b->steps) result.different_steps.push_back(a->percentage);
    pairs.push_back(pair_for_test(*a, *b, better));
  }
  if (const auto test = stats::stratified_mann_whitney(pairs, better)) {
    result.p = test->p;
    result.floor = test->floor;
  } else {
    result.refusal = "not both have a result at the same amount of data";
  }
  add_paired_test(shared, better, result);
  return result;
}

UntranslatedComparison compare_with_untranslated(const Row& row, double untranslated,
                                                 stats::Better better) {
  UntranslatedComparison result{.model = row.label, .untranslated = untranslated, .cells = {}};
  std::vector<stats::Sample> differences;
  const double worse = better == stats::Better::kLower ? 1 : -1;
  for (const auto& [percentage, cell] : row.cells) {
    differences.push_back(stats::differences_from(untranslated, survivors(*cell)));
    differences.back().insert(differences.back().end(), static_cast<size_t>(lost_count(*cell)),
                              worse);
    BetterCount count{percentage, static_cast<int64_t>(differences.back().size()), 0};
    count.better = std::ranges::count_if(differences.back(),
                                         [&](double difference) { return difference * worse < 0; });
    result.n += count.n;
    result.better += count.better;
    result.cells.push_back(count);
  }
  if (const auto test = stats::sign_test(differences, better)) {
    result.p = test->p;
    result.floor = test->floor;
  }
  return result;
}

std::optional<double> untranslated_score(const MetricTable& table) {
  for (const Baseline& baseline : table.baselines) {
    if (baseline.subject == Subject::kUntranslated) return (baseline.low + baseline.high) / 2;
  }
  return std::nullopt;
}

TableComparison compare_rows_of(const MetricTable& table) {
  TableComparison result;
  const std::vector<Row> rows = rows_of(table);
  const stats::Better better = better_of(table);
  if (const auto untranslated = untranslated_score(table)) {
    for (const Row& row : rows) {
      result.untranslated.push_back(compare_with_untranslated(row, *untranslated, better));
    }
  }
  const size_t references = rows.size() <= kMostRowsForAllPairs ? rows.size() : 1;
  for (size_t reference = 0; reference < references; ++reference) {
    for (size_t other = reference + 1; other < rows.size(); ++other) {
      result.models.push_back(compare_rows(rows[other], rows[reference], better));
    }
  }
  return result;
}

// Adjusts the p-values of `all` for their number, and judges them.
template <typename Each>
int64_t adjust(const std::vector<Each*>& all) {
  std::vector<double> p_values;
  for (const Each* each : all) p_values.push_back(*each->p);
  const std::vector<double> adjusted = stats::holm(p_values);
  for (size_t i = 0; i < all.size(); ++i) {
    std::vector<double> with_floor = p_values;
    with_floor[i] = *all[i]->floor;
    all[i]->adjusted_p = adjusted[i];
    all[i]->adjusted_floor = stats::holm(with_floor)[i];
    if (adjusted[i] <= kLevel) {
      all[i]->evidence = Evidence::kDiffers;
    } else {
      all[i]->evidence =
          *all[i]->adjusted_floor > kLevel ? Evidence::kTooFewRuns : Evidence::kNotShown;
    }
  }
  return static_cast<int64_t>(all.size());
}

// Whether each of the two is shown to be better at some percentage. Both of two false statements
// would have to be shown, each at a level divided by the number of cells and comparisons.
bool crosses(const Comparison& comparison, int64_t family) {
  double least_first = 1, least_second = 1;
  for (const CellComparison& cell : comparison.cells) {
    if (!cell.p || !cell.improvement) continue;
    if (*cell.improvement > 0.5) least_first = std::min(least_first, *cell.p);
    if (*cell.improvement < 0.5) least_second = std::min(least_second, *cell.p);
  }
  const double tests = static_cast<double>(comparison.cells.size()) * static_cast<double>(family);
  return std::max(least_first, least_second) * tests <= kLevel;
}

void judge(std::vector<TableComparison>& all) {
  std::vector<Comparison*> models;
  std::vector<UntranslatedComparison*> rows;
  for (TableComparison& table : all) {
    for (Comparison& each : table.models) {
      if (each.refusal.empty()) models.push_back(&each);
    }
    for (UntranslatedComparison& each : table.untranslated) {
      if (each.p) rows.push_back(&each);
    }
  }
  const int64_t models_family = adjust(models);
  const int64_t untranslated_family = adjust(rows);
  for (Comparison* each : models) {
    if (crosses(*each, models_family)) each->evidence = Evidence::kCrosses;
  }
  for (TableComparison& table : all) {
    table.models_family = models_family;
    table.untranslated_family = untranslated_family;
  }
}

void add_effects(const MetricTable& table, TableComparison& comparison) {
  const std::vector<Row> rows = rows_of(table);
  const auto row_of = [&](const std::string& label) -> const Row& {
    return *std::ranges::find(rows, label, &Row::label);
  };
  parallel_for(comparison.models.size(), [&](size_t index) {
    Comparison& each = comparison.models[index];
    if (!each.refusal.empty()) return;
    std::vector<stats::CellPair> alive;
    for (const auto& [a, b] : shared_cells(row_of(each.first), row_of(each.second))) {
      alive.push_back({survivors(*a), survivors(*b)});
    }
    if (const auto effect = stats::estimate_effect(alive, better_of(table))) {
      each.shift = effect->shift.value;
      each.shift_interval = effect->shift.interval;
      each.improvement = effect->improvement.value;
      each.improvement_interval = effect->improvement.interval;
    }
    if (each.evidence != Evidence::kNotShown && each.evidence != Evidence::kTooFewRuns) return;
    const stats::PowerOptions options{.alpha =
                                          kLevel / static_cast<double>(comparison.models_family)};
    if (const auto needed = stats::seeds_needed(alive, options))
      each.runs_needed = needed->per_cell;
  });
}

// Where profiles are computed: from the lowest to the highest ratio.
std::vector<double> ratios_between(const std::vector<std::vector<stats::Sample>>& rows) {
  constexpr int kCount = 41;
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const std::vector<stats::Sample>& cells : rows) {
    for (const stats::Sample& cell : cells) {
      for (const double ratio : cell) {
        low = std::min(low, ratio);
        high = std::max(high, ratio);
      }
    }
  }
  std::vector<double> ratios;
  for (int i = 0; i < kCount; ++i) ratios.push_back(low + (high - low) * i / (kCount - 1));
  return ratios;
}

std::vector<Aggregate> aggregates_of(const MetricTable& table) {
  const std::vector<Row> rows = rows_of(table);
  if (rows.size() < 2) return {};
  std::vector<std::vector<stats::Sample>> normalised;
  for (const Row& row : rows) {
    std::vector<stats::CellPair> pairs;
    for (const auto& [cell, baseline] : shared_cells(row, rows.front())) {
      pairs.push_back({survivors(*cell), survivors(*baseline)});
    }
    auto ratios = stats::normalise(pairs);
    if (!ratios) return {};
    normalised.push_back(std::move(*ratios));
  }
  const std::vector<double> ratios = ratios_between(normalised);
  std::vector<Aggregate> aggregates;
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto mean = stats::estimate_iqm(normalised[i]);
    auto profile = stats::performance_profile(normalised[i], ratios, better_of(table));
    if (!mean || !profile) return {};
    aggregates.push_back({rows[i].label, *mean, std::move(*profile)});
  }
  return aggregates;
}

}  // namespace

std::vector<TableComparison> compare(const Summary& summary, Effects effects) {
  std::vector<TableComparison> all(summary.tables.size());
  parallel_for(all.size(), [&](size_t i) { all[i] = compare_rows_of(summary.tables[i]); });
  judge(all);
  if (effects == Effects::kAll) {
    for (size_t i = 0; i < all.size(); ++i) add_effects(summary.tables[i], all[i]);
    parallel_for(all.size(),
                 [&](size_t i) { all[i].aggregates = aggregates_of(summary.tables[i]); });
  }
  return all;
}

}  // namespace scgan::results
