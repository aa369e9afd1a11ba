// Two models on one metric: what their runs show of a difference. docs/statistics.md explains every
// number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "results/report/summary.h"
#include "results/statistics/aggregate.h"
#include "results/statistics/samples.h"

namespace scgan::results {

// Level of all verdicts: of all sweeps without any difference, at most this share gets a verdict
// that says there is one.
constexpr double kLevel = 0.05;

// One percentage.
struct CellComparison {
  double percentage = 0;
  // Runs with a score, without the collapsed ones.
  int64_t n_first = 0, n_second = 0;
  // Failed and collapsed runs. They count as worse than every score in `p`.
  int64_t lost_first = 0, lost_second = 0;
  // Planned and running ones.
  int64_t waiting_first = 0, waiting_second = 0;
  // Exact two-sided Mann-Whitney test, and the smallest p that so many runs can reach. Not
  // adjusted. nullopt if one side has no run.
  std::optional<double> p = {}, floor = {};
  // Median of all differences first - second (Hodges-Lehmann), and the share of pairs of runs in
  // which `first` is better (half of the ties counts), of the runs with a score.
  std::optional<double> shift = {}, improvement = {};
};

enum class Evidence {
  // The adjusted p is at most kLevel.
  kDiffers,
  // It is not, though so many runs could have reached it.
  kNotShown,
  // So few runs cannot reach it, whatever their scores.
  kTooFewRuns,
  // Both directions are shown, at different percentages.
  kCrosses,
  // Nothing is said: see Comparison::refusal.
  kRefused,
};

// A comparison of the rows `first` and `second` of a table. `first` comes later in the plan: "scgan
// against cyclegan".
struct Comparison {
  std::string first, second;
  // Those that both have, ascending.
  std::vector<CellComparison> cells;
  // Why they are not compared: "one was trained in fp32, the other in fp64"; empty otherwise.
  std::string refusal;
  // Percentages at which they were trained for different numbers of steps.
  std::vector<double> different_steps;
  // All percentages together: the stratified rank test, its floor, and p after Holm's adjustment
  // over all comparisons of the report.
  // adjusted_floor is what adjusted_p would be if p were its floor.
  std::optional<double> p = {}, floor = {}, adjusted_p = {}, adjusted_floor = {};
  Evidence evidence = Evidence::kRefused;
  // The runs of both with one seed share their subset of the images and are compared pair by pair;
  // not part of the verdict. nullopt if the seeds do not pair them.
  std::optional<double> paired_p = {};
  // first - second, over all percentages; in the unit of the metric.
  std::optional<double> shift = {};
  stats::Interval shift_interval = {};
  // The share of pairs of runs in which `first` is better; half of the ties counts.
  std::optional<double> improvement = {};
  stats::Interval improvement_interval = {};
  // The number of runs per cell with which a difference of the observed size would be shown with a
  // probability of 80 %; nullopt if more than 100, or if it was not computed because the difference
  // is shown.
  std::optional<int64_t> runs_needed = {};
};

// How many of some runs score better than the untranslated images.
struct BetterCount {
  double percentage = 0;
  int64_t n = 0, better = 0;
};

// A row of a table against the images that no model has changed.
struct UntranslatedComparison {
  std::string model;
  // The score of the untranslated images.
  double untranslated = 0;
  // Failed and collapsed runs are not better.
  std::vector<BetterCount> cells;
  int64_t n = 0, better = 0;  // over all cells
  // Exact two-sided sign test over all cells; Holm's adjustment over all rows of the report.
  std::optional<double> p = {}, floor = {}, adjusted_p = {}, adjusted_floor = {};
  // kDiffers, kNotShown, kTooFewRuns, or kRefused without a run.
  Evidence evidence = Evidence::kRefused;
};

// A row's scores over all percentages, each divided by the median of the table's first row at the
// same percentage: 0.9 is 10 % less.
struct Aggregate {
  std::string model;
  // Interquartile mean.
  stats::Estimate mean;
  // The share of runs that are at least as good as each ratio, ascending.
  std::vector<stats::ProfilePoint> profile;
};

// The comparisons of one table.
struct TableComparison {
  // The number of comparisons in the families of Holm's adjustment.
  int64_t models_family = 0, untranslated_family = 0;
  std::vector<UntranslatedComparison> untranslated;
  std::vector<Comparison> models;
  // Empty if a median of the first row is not above 0 (KID may be below), or there is one row.
  std::vector<Aggregate> aggregates;
};

// Sizes, intervals and the runs needed take nearly all of the time.
enum class Effects { kAll, kNone };

// Parallel to Summary::tables. Every pair of rows of a table is compared if it has at most six
// rows; otherwise every row with the first.
std::vector<TableComparison> compare(const Summary& summary, Effects effects = Effects::kAll);

}  // namespace scgan::results
