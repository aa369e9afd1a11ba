// Stored runs -> what the tables and figures show: runs of one or several stores merged, values
// grouped so that only comparable ones meet, and their statistics.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "results/records.h"
#include "results/report.h"

namespace scgan::results {

// Values meet in one table only when all of this is equal.
struct Comparable {
  std::string dataset, data_digest;
  std::string metric;  // "fid", "kid" or "recovered_change"
  std::string direction;
  std::string extractor, extractor_digest;
  std::string preprocessing;
  int64_t n_real = 0, n_fake = 0;

  bool operator==(const Comparable&) const = default;
};

// Median, quartiles (type 7), mean and sample standard deviation; NaN where there are too few
// values.
struct Statistics {
  double median = 0, q1 = 0, q3 = 0, mean = 0, sd = 0;
};

Statistics statistics(const std::vector<double>& values);

// The runs of one variant (with its values of the axes) at one percentage: they differ by their
// seed only.
struct Cell {
  std::string variant;
  std::string axes;      // JSON object
  std::string settings;  // digest of the spec apart from seed, percentage and placement
  std::string label;     // variant and axes; settings too where two would share a label
  double percentage = 0;
  std::vector<double> values;        // of the done runs, in plan order
  std::vector<std::string> run_ids;  // of the same runs
  int64_t waiting = 0;               // planned, running or failed runs, which have no value
};

// A distance that needs no training, measured with the same data and extractor.
struct Baseline {
  std::string metric;        // "fid_real_halves", "fid_untranslated", ...
  double low = 0, high = 0;  // over the runs; equal unless they were computed differently
  int64_t n_real = 0, n_fake = 0;
};

struct MetricTable {
  Comparable key;
  std::vector<Cell> cells;  // variants in plan order, percentages ascending
  std::vector<Baseline> baselines;
};

struct Summary {
  std::vector<const StoredRun*> runs;  // each id once, in plan order of the stores in their order
  std::vector<MetricTable> tables;     // of a data set: fid, kid, recovered_change
  std::vector<std::string> conflicts;  // sentences: one run id, two results
};

// `inputs` must outlive the summary. A run in several stores counts once: as done where it is done.
Summary summarize(const std::vector<ReportInput>& inputs);

// Whether the table holds recovered changes, of which more is better; of distances it is less.
bool is_recovered_change(const MetricTable& table);

// Place of the cell's best value, which must have one; of equal ones the first.
size_t best_place(const MetricTable& table, const Cell& cell);

// The run's value of a key of its stored spec as text; empty when it is not there.
std::string spec_value(const StoredRun& run, const std::string& key);

// "scgan train.learning_rate=0.0002": the variant with the values of its axes.
std::string run_label(const PlannedRun& run);

}  // namespace scgan::results
