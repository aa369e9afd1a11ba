// Do the ranks of a run still hold the same state, bit for bit? Where they do not, a device, a
// library or the network is broken, and nothing that training gives from there on can be trusted.
#pragma once

#include "core/comm/communicator.h"
#include "core/train/train_state.h"

namespace scgan {

// Compares a 64-bit hash of every tensor among the ranks that hold it: generators, their Adam state
// and pools on all ranks, each discriminator where placement.h says. Throws Error(kDevice) on every
// rank, naming the first tensor that differs (in the order of TrainState::tensors), the ranks where
// it differs from the lowest that holds it, and the step. Collective.
void require_equal_states(const TrainState& state, Communicator& communicator);

}  // namespace scgan
