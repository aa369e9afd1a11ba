#include "core/comm/gradient_reducer.h"

#include <utility>

#include "core/comm/canonical_sum.h"

namespace scgan {

GradientReducer::~GradientReducer() {
  if (pending_.valid()) pending_.wait();
}

void GradientReducer::start(at::Tensor flat) {
  if (communicator_.size() == 1) return;
  // A thread of its own: MPI moves data only inside MPI calls, and the discriminators' step makes
  // none.
  pending_ = std::async(std::launch::async, [this, flat = std::move(flat)]() mutable {
    if (reduction_ == Reduction::kCanonical) {
      canonical_sum(communicator_, flat);
    } else {
      communicator_.all_reduce_sum(flat);
    }
  });
}

void GradientReducer::finish() {
  if (pending_.valid()) pending_.get();
}

}  // namespace scgan
