// PendingLosses: the losses of a training step, on their way from the device to the host. The host
// can queue the next step before it reads them, so a GPU is never idle.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Event.h>

#include <array>
#include <map>
#include <optional>

#include "core/comm/communicator.h"
#include "core/train/step_losses.h"

namespace scgan {

// The terms of the generators' objective that each micro-batch contributes to, in the order of a
// row of LossTerms::micro_batches.
inline constexpr std::array<Loss, 4> kMicroBatchLosses{Loss::kCycleA, Loss::kCycleB,
                                                       Loss::kIdentityA, Loss::kIdentityB};

// Scalars, of the discriminators that a rank holds.
using DiscriminatorTerms = std::map<Loss, at::Tensor>;

// What a rank knows of the losses of a step; detached, on its device.
struct LossTerms {
  // [own micro-batches, 4], in the order of kMicroBatchLosses.
  at::Tensor micro_batches;
  DiscriminatorTerms of_discriminators;
};

class PendingLosses {
 public:
  // Gathers the terms of all ranks and starts to copy them to the host. The communicator must
  // outlive the last call of get(). Collective.
  PendingLosses(const LossTerms& mine, Communicator& communicator);

  // Waits for the copy. The result is complete and equal on every rank, and proves that all
  // exchanges of the step have succeeded: otherwise throws as Communicator::confirm().
  StepLosses get() const;

 private:
  Communicator* communicator_;
  int64_t micro_batches_;
  // [ranks, terms of a rank], in host memory once `copied_` has been reached.
  at::Tensor rows_;
  // Unset if the copy ended in the constructor.
  std::optional<c10::Event> copied_;
};

}  // namespace scgan
