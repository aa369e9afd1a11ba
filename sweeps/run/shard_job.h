// A job that trains one shard of a sweep, next to jobs that train the others.
#pragma once

#include "sweeps/run/job_plan.h"

namespace scgan::sweeps {

// Divides the complete plan of a sweep and keeps the runs of the plan's shard. Does nothing without
// --shard.
void keep_shard(JobPlan& plan);

// Throws Error(kInvalidSpec) if the output folder has shards of another division or of another
// sweep, or the store of a job without --shard, or shards although this job has none: the results
// would be in two places. Warns if another shard has another plan of the same sweep.
void require_same_division(const JobPlan& plan, bool replace);

// "shard 2 of 3: 15 of 45 runs, 34 % of the expected work"; empty without --shard.
std::string shard_text(const JobPlan& plan);

}  // namespace scgan::sweeps
