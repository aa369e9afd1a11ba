// One start of scgan_sweep on all its ranks, from the sweep file to the exit code.
#pragma once

#include "distributed/mpi_runtime.h"
#include "sweeps/run/job_plan.h"

namespace scgan::sweeps {

// Trains and scores every run that is not done. Returns an exit code of core/base/exit_code.h, the
// same on all ranks. Bad input is reported by rank 0 on stderr, with nothing written. Throws what
// ends the job (lost rank, device, storage). Collective over the world.
int run_sweep(const SweepOptions& options, const distributed::MpiRuntime& world);

}  // namespace scgan::sweeps
