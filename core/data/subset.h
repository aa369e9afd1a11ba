// The training images of a run: a nested prefix of one seeded permutation per domain.
#pragma once

#include <cstdint>
#include <vector>

#include "core/spec/run_spec.h"

namespace scgan {

// How many of a domain's `count` images a run trains on: subset_images, or the percentage of them
// rounded half up, at least 1. 40 % of 939 is 376, of 1177 is 471. Throws Error(kInvalidSpec) when
// subset_images are more than there are.
int64_t subset_size(const DatasetSpec& spec, int64_t count);

// Indices into 0 ... count - 1, ascending, of the subset of one domain (0 = A, 1 = B). 20 % is
// contained in 40 %. `seed` is the run's seed (SubsetMode::kSeeded), or unused (kFixed: permutation
// of seed 0).
std::vector<int64_t> subset_indices(const DatasetSpec& spec, int64_t count, int64_t seed,
                                    int domain);

}  // namespace scgan
