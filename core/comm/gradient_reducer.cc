#include "core/comm/gradient_reducer.h"

#include <utility>

#include "core/comm/canonical_sum.h"

namespace scgan {

GradientReducer::~GradientReducer() {
  if (pending_.valid()) pending_.wait();
}

void GradientReducer::start(at::Tensor flat) {
  if (communicator_.size() == 1) return;
  pending_ = communicator_.beside([this, flat = std::move(flat)] { reduce(flat); });
}

void GradientReducer::reduce(at::Tensor flat) {
  if (reduction_ == Reduction::kCanonical) {
    canonical_sum(communicator_, flat);
    return;
  }
  for (const auto& [begin, count] : bucket_layout(flat.numel(), flat.element_size(), sizes_)) {
    at::Tensor bucket = flat.narrow(0, begin, count);
    communicator_.all_reduce_sum(bucket);
  }
}

void GradientReducer::finish() {
  if (pending_.valid()) pending_.get();
}

}  // namespace scgan
