// Reads runs with their attempts, metrics, losses and artifacts from a store of the newest version.
#pragma once

#include <string>
#include <vector>

#include "results/store/records.h"
#include "results/store/sqlite.h"

namespace scgan::results {

// `which` completes the query "SELECT ... FROM run": which rows, in which order. `run_id` is bound
// to its question mark, if it has one. Call it inside a transaction to get a consistent snapshot.
std::vector<StoredRun> read_runs(const Database& database, const std::string& which,
                                 const std::string& run_id = "");

// The run's scores during training, by step.
std::vector<Metric> read_scores(const Database& database, const std::string& run_id);

// The run's thinned losses, by step, then name.
std::vector<LossPoint> read_losses(const Database& database, const std::string& run_id);

// When each attempt at the run began, in order.
std::vector<AttemptBegin> read_attempts(const Database& database, const std::string& run_id);

}  // namespace scgan::results
