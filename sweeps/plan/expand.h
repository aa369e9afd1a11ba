// SweepSpec -> its runs.
#pragma once

#include <vector>

#include "core/spec/run_spec.h"
#include "sweeps/plan/sweep_spec.h"

namespace scgan::sweeps {

// All runs with defaults resolved, in the order in which they should be trained: seed by seed, so
// that an unfinished sweep is balanced; within a seed by percentage, then variant, then axes as
// written. Precedence, from low to high: defaults, the variant's presets, the file's keys, the
// variant's overrides, the axes. Digests are empty. Throws Error(kInvalidSpec) with every issue
// that core/spec/validate.h finds (each once, with the runs it concerns), if the sweep is empty, or
// if two runs are equal.
std::vector<RunSpec> expand(const SweepSpec& sweep);

}  // namespace scgan::sweeps
