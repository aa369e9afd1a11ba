// What an output folder has from earlier jobs, compared with the plan of this one. Writes nothing.
#pragma once

#include <string>
#include <vector>

#include "results/store/records.h"
#include "sweeps/run/job_plan.h"

namespace scgan::sweeps {

struct ExistingResults {
  // Name of the sweep that the folder belongs to; empty if there is none.
  std::string sweep;
  // The plan's runs as stored, in the plan's order; without a store, all are planned.
  std::vector<results::StoredRun> runs;
  // Runs that the folder's sweep has and this plan does not.
  std::vector<results::StoredRun> dropped;
};

ExistingResults existing_results(const JobPlan& plan);

// All runs that the folder has, also of earlier plans.
std::vector<results::StoredRun> stored_runs(const JobPlan& plan);

// Throws Error(kInvalidSpec) if the folder belongs to a sweep of another name whose runs would be
// dropped, unless `replace` is set.
void require_same_sweep(const ExistingResults& existing, const JobPlan& plan, bool replace);

// One sentence about runs that this plan drops, and why; empty if there are none.
std::string dropped_text(const ExistingResults& existing, const JobPlan& plan);

// Whether the run is not tried again without --retry-failed.
bool is_failed(const results::StoredRun& run);
// "failed after 2 attempts, unknown: <reason of the last one>".
std::string failure_text(const results::StoredRun& run);

// The first file that the run has kept and that does not exist; empty if all exist, or the run is
// not done.
std::string missing_file(const JobPlan& plan, const results::StoredRun& run);

// Ids of the done runs that lack a file. Looks at every recorded file.
std::vector<std::string> runs_with_missing_files(const JobPlan& plan,
                                                 const std::vector<results::StoredRun>& runs);

// Ids of the done runs whose folder is missing. Reads one list of folders, however many runs there
// are, so a job can afford it at every start.
std::vector<std::string> runs_without_folder(const JobPlan& plan,
                                             const std::vector<results::StoredRun>& runs);

}  // namespace scgan::sweeps
