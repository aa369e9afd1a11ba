// The learning rate of an epoch: constant for `epochs`, then linear towards 0 over `decay_epochs`,
// stepped per epoch.
#pragma once

#include <cstdint>

#include "core/spec/run_spec.h"

namespace scgan {

// Factor on the learning rate in `epoch`, counted from 1: 1 - max(0, epoch - epochs) /
// (decay_epochs + 1). With 100 + 100 epochs: f(100) = 1, f(101) = 100/101, f(200) = 1/101.
double learning_rate_factor(const TrainSpec& spec, int64_t epoch);

}  // namespace scgan
