// How the ranks of a job are divided among the runs: pure functions, so that they can be tested and
// simulated.
#pragma once

#include <string>
#include <vector>

#include "core/spec/run_spec.h"

namespace scgan::sweeps {

// Ranks that each group gets, the same for all: run.ranks_per_run, or for `auto` 1 while as many
// runs wait as there are ranks, else the largest size that every run can use, divides world_size
// and leaves no run waiting. Groups = world_size / result; a rest of ranks that fills no group
// stays idle only under `auto`. Throws Error(kInvalidSpec) naming the sizes that work when
// ranks_per_run does not divide world_size or is not possible for a run (batch_size / micro_batch).
int ranks_per_group(const std::vector<RunSpec>& waiting, int world_size);

}  // namespace scgan::sweeps
