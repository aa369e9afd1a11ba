// Stored runs -> what the tables and figures show: the runs of one or several stores merged, their
// comparable values grouped, and the statistics of each group.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "results/report/merged_runs.h"
#include "results/report/report_input.h"
#include "results/report/shared_specs.h"
#include "results/store/records.h"
#include "results/store/stored_spec.h"

namespace scgan::results {

// Values stand in one table only if all of this is equal.
struct ComparisonKey {
  std::string dataset, data_digest;
  std::string metric;  // "fid", "kid" or "recovered_change"
  std::string direction;
  std::string extractor, extractor_digest;
  std::string preprocessing;
  int64_t n_real = 0, n_fake = 0;
  // Of the runs' specs: see StoredSpec::reference.
  KeyValues reference;

  bool operator==(const ComparisonKey&) const = default;
};

// Median, quartiles (type 7), mean and sample standard deviation. NaN if there are too few values:
// quartiles need three, the standard deviation two.
struct Statistics {
  double median = 0, q1 = 0, q3 = 0, mean = 0, sd = 0;
};

Statistics statistics(const std::vector<double>& values);

// The runs of one variant (with its values of the axes) at one percentage. They differ only in
// their seeds.
struct Cell {
  std::string variant;
  // JSON object.
  std::string axes;
  // Digest of StoredSpec::settings.
  std::string settings;
  // Variant and axes, and in parentheses the settings in which cells differ that would otherwise
  // share a label.
  std::string label;
  double percentage = 0;
  // Of its first run; the settings of all are equal.
  const SharedSpec* spec = nullptr;
  // Of the done runs, in plan order.
  std::vector<double> values;
  // Parallel to `values`.
  std::vector<const StoredRun*> runs;
  // Whether the outputs of each of these runs are all alike: is_collapsed().
  std::vector<bool> collapsed;
  // Optimizer steps of the runs, with and without a value; equal unless the data changed.
  std::set<int64_t> steps;
  // How many of the runs are planned, running or failed and so have no value.
  int64_t unfinished = 0;
  // How many of these are failed.
  int64_t failed = 0;
};

// The same metric of images that no model made, with the same data and extractor.
struct Baseline {
  Subject subject = Subject::kUntranslated;
  // Range over the runs; equal unless they computed it differently.
  double low = 0, high = 0;
  int64_t n_real = 0, n_fake = 0;
};

struct MetricTable {
  ComparisonKey key;
  std::vector<Cell> cells;  // variants in plan order, percentages ascending
  std::vector<Baseline> baselines;
  // Length of a feature vector; 0 if the runs do not say.
  int64_t feature_count = 0;
  // What distinguishes this table from others of the same data set, metric, direction and
  // extractor: "data.scaling: dtype"; empty if this is the only one.
  std::vector<std::string> distinctions;
};

struct Summary {
  std::vector<const StoredRun*> runs;
  // Parallel to `runs`.
  std::vector<const ReportInput*> sources;
  std::vector<const SharedSpec*> specs;
  // Ordered by data set, then metric: fid, kid, recovered_change.
  std::vector<MetricTable> tables;
  // See MergedRuns, also for `runs`.
  std::vector<std::string> conflicts;
  // Owns `specs`.
  std::shared_ptr<SharedSpecs> shared_specs;
};

// `inputs` must outlive the summary.
Summary summarize(const std::vector<ReportInput>& inputs);

// Whether the table's metric is the recovered change. Higher is better then; lower otherwise.
bool is_recovered_change(const MetricTable& table);

// Index of the cell's best value among the runs that have not collapsed, the first of equal ones;
// nullopt if there is none.
std::optional<size_t> best_index(const MetricTable& table, const Cell& cell);

// How many of the cell's runs have collapsed.
int64_t collapsed_count(const Cell& cell);

// The variant with the values of its axes: "scgan train.learning_rate=0.0002".
std::string run_label(const PlannedRun& run);

}  // namespace scgan::results
