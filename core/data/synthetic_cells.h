// Generated images of fluorescent cells: the embedded data set, so that a first run needs no
// download.
//
// Domain A: flat, elongated cells with a dim rim and a large nucleus. Domain B: the known change of
// phenotype: cells round up, shrink and brighten. Channels: actin-like, tubulin-like, nucleus.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "core/spec/run_spec.h"

namespace scgan {

// One image, uint8 [3, size, size]: a pure function of (spec.seed, domain, split, index, size).
// domain 0 = A, 1 = B; split 0 = train, 1 = test.
at::Tensor synthetic_image(const SyntheticSpec& spec, int domain, int split, int64_t index,
                           int64_t size);

// Changes whenever the drawing does; part of the data digest.
inline constexpr int kSyntheticVersion = 1;

}  // namespace scgan
