// Reads runs with their attempts, metrics and artifacts out of a store.
#pragma once

#include <string>
#include <vector>

#include "results/records.h"
#include "results/sqlite.h"

namespace scgan::results {

// `which` is the rest of the query over the table run: which rows, in which order; `run_id` is
// bound to its question mark, if it has one. Call inside a transaction to see one moment.
std::vector<StoredRun> read_runs(const Database& database, const std::string& which,
                                 const std::string& run_id = "");

}  // namespace scgan::results
