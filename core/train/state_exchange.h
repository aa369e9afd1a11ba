// Sends the state of a run to the ranks that join it during training.
#pragma once

#include "core/comm/communicator.h"
#include "core/train/train_state.h"

namespace scgan {

// Copies rank 0's state, tensors and counters, to every rank, bit for bit. The states must have
// equal specs, and rank 0 must hold both discriminators (GanStep::collect_discriminators). Throws
// Error(kData) when the state does not fit, which only a different spec can cause. Collective.
void share_state(TrainState& state, Communicator& communicator);

}  // namespace scgan
