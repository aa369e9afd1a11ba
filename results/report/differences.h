// The settings in which the runs of a report differ.
#pragma once

#include "results/report/summary.h"
#include "results/report/table.h"

namespace scgan::results {

// One row for each key that has different values, one column for each row of the report's tables
// and, with several stores, for each store; only runs with a result. A value that differs inside a
// column is written as all its values. Empty if nothing differs.
Table differing_settings(const Summary& summary);

// The keys that have different values among all runs of the summary, sorted.
std::vector<std::string> differing_keys(const Summary& summary);

}  // namespace scgan::results
