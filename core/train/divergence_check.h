// Checks that the ranks of a run still hold the same state, bit for bit. If they do not, a device,
// a library or the network is faulty, and the results of further training cannot be trusted.
#pragma once

#include "core/comm/communicator.h"
#include "core/train/train_state.h"

namespace scgan {

// Compares a 64-bit hash of every tensor, computed on its device, among the ranks that hold it: all
// ranks hold the generators, their Adam state and the pools; placement.h says which ranks hold each
// discriminator. On a difference, throws Error(kDevice) on every rank, naming the first tensor that
// differs (in the order of TrainState::tensors), the ranks where it differs from the lowest rank
// that holds it, and the step. Collective.
void require_equal_states(const TrainState& state, Communicator& communicator);

}  // namespace scgan
