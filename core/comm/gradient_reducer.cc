#include "core/comm/gradient_reducer.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace scgan {

GradientReducer::~GradientReducer() {
  if (!pending_.empty()) pending_.back().wait();  // as in finish()
}

void GradientReducer::start(at::Tensor flat) {
  if (communicator_.size() == 1) return;
  if (reduction_ == Reduction::kCanonical) {
    pending_.push_back(communicator_.run_async(
        [this, flat = std::move(flat)]() mutable { canonical_sum(communicator_, flat); }));
    return;
  }
  const int64_t elements = flat.numel();
  begin({}, std::move(flat));
  ready(0, elements);
}

at::Tensor GradientReducer::begin(TreeSum earlier, at::Tensor last) {
  TORCH_INTERNAL_ASSERT(takes_parts() && pending_.empty());
  failed_ = false;
  parts_ = {std::move(earlier), std::move(last), {}, {}, 0};
  parts_.buckets = bucket_layout(parts_.last.numel(), parts_.last.element_size(), sizes_);
  for (const Bucket& bucket : parts_.buckets) parts_.missing.push_back(bucket.count);
  return parts_.earlier.result_with(parts_.last);
}

void GradientReducer::ready(int64_t begin, int64_t count) noexcept {
  for (size_t i = 0; i < parts_.buckets.size(); ++i) {
    const Bucket& bucket = parts_.buckets[i];
    const int64_t shared =
        std::min(begin + count, bucket.begin + bucket.count) - std::max(begin, bucket.begin);
    parts_.missing[i] -= std::max<int64_t>(0, shared);
  }
  send_complete_buckets();
}

void GradientReducer::send_complete_buckets() noexcept {
  while (parts_.next < parts_.buckets.size() && parts_.missing[parts_.next] == 0 && !failed_) {
    try {
      send(parts_.buckets[parts_.next++]);
    } catch (...) {
      failed_ = true;
      std::promise<void> failure;
      failure.set_exception(std::current_exception());
      pending_.push_back(failure.get_future());
    }
  }
}

// Each work item holds references to all terms, so that the terms live as long as a GPU may use
// them.
void GradientReducer::send(const Bucket& bucket) {
  pending_.push_back(
      communicator_.run_async([this, bucket, earlier = parts_.earlier, last = parts_.last] {
        if (failed_) return;
        try {
          at::Tensor part = earlier.add_part(last, bucket.begin, bucket.count);
          communicator_.all_reduce_sum(part);
        } catch (...) {
          failed_ = true;
          throw;
        }
      }));
}

void GradientReducer::finish() {
  std::fill(parts_.missing.begin(), parts_.missing.end(), 0);
  send_complete_buckets();
  parts_ = {};
  // Wait for the last item first: all others have ended when it has, so a lost rank costs only one
  // deadline.
  std::vector<std::future<void>> works = std::exchange(pending_, {});
  for (auto work = works.rbegin(); work != works.rend(); ++work) work->get();
}

}  // namespace scgan
