// The sentences that answer what a sweep asks, from the comparisons.
#pragma once

#include <string>
#include <vector>

#include "results/report/analysis.h"
#include "results/report/table.h"

namespace scgan::results {

// Of one table of the report.
struct Verdict {
  // "synthetic: FID, AtoB".
  std::string heading;
  // First whether the models beat the untranslated images, then one sentence for each pair of
  // models: direction, size, evidence, and what the number of runs cannot show.
  std::vector<std::string> sentences;
};

// Parallel to the analysis's tables.
std::vector<Verdict> verdicts(const Analysis& analysis);

// What a reader must know to read the sentences; empty without any.
std::vector<std::string> verdict_notes(const Analysis& analysis);

// The numbers behind the sentences: for each pair of models a row over all percentages, and one for
// each.
Table comparison_numbers(const MetricTable& table, const TableComparison& comparison);

// One row for each model; empty without aggregates.
Table aggregate_numbers(const TableComparison& comparison);

}  // namespace scgan::results
