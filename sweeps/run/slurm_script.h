// The job script that --slurm writes: slurm/sweep.sbatch with the settings of one sweep.
#pragma once

#include <cstdint>
#include <string>

#include "sweeps/run/dry_run.h"
#include "sweeps/run/job_plan.h"

namespace scgan::sweeps {

// The ranks to ask for: one for each run to do, which is most efficient, but at least four and at
// most 64, where so many are of use. A multiple of `ranks_per_run`, unless that is 0 (auto).
int slurm_ranks(int64_t runs_to_do, int64_t useful_ranks, int64_t ranks_per_run);

// `ranks`: those of the estimate. `program`: the path of scgan_sweep. The script starts it in the
// current folder, since --set may have relative paths.
std::string slurm_script(const SweepOptions& options, const JobPlan& plan,
                         const JobEstimate& estimate, int ranks, const std::string& program);

}  // namespace scgan::sweeps
