// Whether a run is tried again, from how its attempts ended. A pure function.
#pragma once

#include <vector>

#include "results/records.h"

namespace scgan::results {

// The attempts that a run has, by how the last one ended:
//   stopped, storage       any number: stopped on request, or a disk that somebody must look after
//   non_finite, data, out_of_memory   1: the run's own fault, which comes again
//   unknown                2, as has out_of_memory on more ranks than needed (may_fit_on_fewer)
//   lost                   5 when a rank or device was seen to be lost; 20 when the whole job ended
//                          without a word (kill -9, power), as any run of it may have been the
//                          cause
// Only attempts of the same kind are counted, and only from the last one that got further than all
// before it: a run that makes progress may be killed for ever. `attempts` are ended ones, in order.
bool is_exhausted(const std::vector<EndedAttempt>& attempts);

}  // namespace scgan::results
