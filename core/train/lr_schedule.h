// How long a run trains, and its learning rate: both counted in epochs of the schedule, stepped per
// epoch.
//
// An epoch of the schedule is an epoch of the data, unless train.steps fixes the length: then it is
// an equal share of the steps, so that the schedule keeps its form with any number of images.
#pragma once

#include <cstdint>

#include "core/spec/run_spec.h"

namespace scgan {

// Training steps of the whole run; steps_per_epoch > 0 is the data's.
int64_t total_steps(const TrainSpec& spec, int64_t steps_per_epoch);

// Epoch of the schedule, from 1, in which the step after `steps_done` lies.
int64_t schedule_epoch(const TrainSpec& spec, int64_t steps_done, int64_t steps_per_epoch);

// Factor on the learning rate in `epoch`, counted from 1. With N = epochs, D = decay_epochs, P =
// schedule_period:
//   linear          1 - max(0, epoch - N) / (D + 1), as the published CycleGAN code. With 100 + 100
//                   epochs: f(100) = 1, f(101) = 100/101, f(200) = 1/101
//   staircase       1 - floor((epoch - 1) / P) / K, K = (N + D) / P stairs, rounded up
//   step            0.1 ^ floor((epoch - 1) / P)
//   linear_all      1 - epoch / (N + D + 1): as linear without constant epochs
//   linear_restart  1 - e / (P + 1), e = 1 ... P within the period
double learning_rate_factor(const TrainSpec& spec, int64_t epoch);

}  // namespace scgan
