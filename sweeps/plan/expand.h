// SweepSpec -> the runs it stands for.
#pragma once

#include <vector>

#include "core/spec/run_spec.h"
#include "sweeps/plan/sweep_spec.h"

namespace scgan::sweeps {

// All runs with defaults resolved, in the order in which they should be trained: seed by seed, so
// that a half-done sweep is a balanced one; within a seed percentage by percentage, then variant,
// then axes as written. Precedence, low to high: defaults, the variant's presets, the file's keys,
// the variant's overrides, the axes. Digests are still empty. Throws Error(kInvalidSpec) listing
// every issue of core/spec/validate.h (each once, with the runs it concerns), an empty sweep, and
// two runs that would be equal.
std::vector<RunSpec> expand(const SweepSpec& sweep);

}  // namespace scgan::sweeps
