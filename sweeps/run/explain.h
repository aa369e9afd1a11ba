// Why a run is trained, or is not: what --explain prints.
#pragma once

#include <string>

#include "sweeps/run/existing_results.h"
#include "sweeps/run/job_plan.h"

namespace scgan::sweeps {

// Sentences, a line each, on the run whose id is or begins with `id`, of the plan or of the output
// folder. Of a run that only one of them has, names the most similar run of the other and the keys
// in which they differ. Throws Error(kInvalidSpec) if no run or several have the id.
std::string explain(const JobPlan& plan, const ExistingResults& existing, const std::string& id,
                    bool retry_failed);

}  // namespace scgan::sweeps
