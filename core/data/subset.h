// Selects the training images of a run: a prefix of one seeded permutation per domain, so that
// smaller subsets are contained in larger ones.
#pragma once

#include <cstdint>
#include <vector>

#include "core/spec/run_spec.h"

namespace scgan {

// Returns how many of a domain's `count` images a run trains on: subset_images if it is set, else
// `percentage` of them, rounded half up, at least 1. 40 % of 939 is 376; 40 % of 1177 is 471.
// Throws Error(kInvalidSpec) when subset_images is greater than `count`.
int64_t subset_size(const DatasetSpec& spec, int64_t count);

// Returns the indices (0 ... count - 1, ascending) of the subset of one domain (0 = A, 1 = B). A
// subset of 20 % is contained in that of 40 %. `seed` is the run's seed; it is used with
// SubsetMode::kSeeded and ignored with kFixed, which uses seed 0.
std::vector<int64_t> subset_indices(const DatasetSpec& spec, int64_t count, int64_t seed,
                                    int domain);

}  // namespace scgan
