// How ranks that join a run under way come to its state.
#pragma once

#include "core/comm/communicator.h"
#include "core/train/train_state.h"

namespace scgan {

// Rank 0's state, bit for bit, on every rank: tensors and counters. The states are of equal specs;
// rank 0 holds both discriminators (GanStep::collect_discriminators). Throws Error(kData) when a
// state does not fit, which only another spec can cause. Collective.
void share_state(TrainState& state, Communicator& communicator);

}  // namespace scgan
