// The length of a run and its learning rate, which changes once per epoch of the schedule.
//
// An epoch of the schedule is an epoch of the data, unless train.steps fixes the length: then it is
// an equal share of the steps, so that the schedule has the same shape for any number of images.
#pragma once

#include <cstdint>

#include "core/spec/run_spec.h"

namespace scgan {

// Returns the number of training steps of the whole run. `steps_per_epoch` is that of the data and
// must be positive.
int64_t total_steps(const TrainSpec& spec, int64_t steps_per_epoch);

// Returns the epoch of the schedule, from 1, that contains the step after `steps_done`.
int64_t schedule_epoch(const TrainSpec& spec, int64_t steps_done, int64_t steps_per_epoch);

// Returns the factor on the learning rate in `epoch`, counted from 1. With N = epochs, D =
// decay_epochs, P = schedule_period:
//   linear          1 - max(0, epoch - N) / (D + 1), as in the published CycleGAN code. With
//                   100 + 100 epochs: f(100) = 1, f(101) = 100/101, f(200) = 1/101
//   staircase       1 - floor((epoch - 1) / P) / K, K = (N + D) / P stairs, rounded up
//   step            0.1 ^ floor((epoch - 1) / P)
//   linear_all      1 - epoch / (N + D + 1): linear without constant epochs
//   linear_restart  1 - e / (P + 1), e = 1 ... P within the period
double learning_rate_factor(const TrainSpec& spec, int64_t epoch);

}  // namespace scgan
