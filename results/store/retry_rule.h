// Whether a run is tried again, from how its attempts ended. A pure function.
#pragma once

#include <vector>

#include "results/store/records.h"

namespace scgan::results {

// How many attempts a run has, by how the last one ended:
//   stopped, storage                  any number: stopped on request, or a disk that a person must
//                                     repair
//   non_finite, data, out_of_memory   1: the run's own fault, which would only happen again
//   out_of_memory_may_fit, unknown    2
//   lost                              5: a rank or device was lost
//   killed                            20: any run of the killed job may have been the cause
// Counts only attempts of the same class, and only from the last one that got further than all
// before it: a run that makes progress may be killed any number of times. `attempts` are ended
// ones, in order.
bool is_exhausted(const std::vector<EndedAttempt>& attempts);

}  // namespace scgan::results
