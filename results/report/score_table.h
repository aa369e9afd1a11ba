// The table of scores in a section of the report.
#pragma once

#include <string>

#include "results/report/summary.h"
#include "results/report/table.h"

namespace scgan::results {

// One row for each cell.
Table score_table(const MetricTable& table);

// "5", or "3 of 5" if two of five runs have no result.
std::string count_text(const Cell& cell);

// The number of planned runs.
int64_t planned_count(const Cell& cell);

// "50.92 ± 4.29", multiplied by `factor`; "50.92" of one run, kNone of none.
std::string mean_text(const Cell& cell, double factor, int decimals);

}  // namespace scgan::results
