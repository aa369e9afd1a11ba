// GradientReducer: sums the generators' gradient over the ranks in the background, from each rank's
// share of the batch.
//
// Reduction::kCanonical sums the whole share at once: start(), finish(). Reduction::kAllReduce can
// also sum it in parts, while the backward pass computes the remaining ones: begin(), ready() for
// every part, finish().
#pragma once

#include <ATen/core/Tensor.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <future>
#include <vector>

#include "core/comm/buckets.h"
#include "core/comm/canonical_sum.h"
#include "core/comm/communicator.h"
#include "core/spec/run_spec.h"

namespace scgan {

class GradientReducer {
 public:
  // The communicator must outlive the reducer. `sizes` are those of Reduction::kAllReduce's
  // buckets.
  GradientReducer(Communicator& communicator, Reduction reduction, BucketSizes sizes = {})
      : communicator_(communicator), reduction_(reduction), sizes_(sizes) {}
  ~GradientReducer();
  GradientReducer(const GradientReducer&) = delete;
  GradientReducer& operator=(const GradientReducer&) = delete;

  // Starts to sum `flat` over the ranks, in place. Until finish() returns, neither `flat` nor the
  // communicator may be used. Collective.
  void start(at::Tensor flat);

  // Whether begin() may be called instead of start(). The same on every rank.
  bool takes_parts() const {
    return reduction_ == Reduction::kAllReduce && communicator_.size() > 1;
  }

  // Starts a sum in parts. This rank's share is the sum of `earlier` and `last`; the elements of
  // `last` are not computed yet. Returns the vector that holds the sum over the ranks after
  // finish(). Until then, the communicator and the terms must not be used, except for the elements
  // of `last` that have not been passed to ready(). Collective, together with ready() and finish().
  at::Tensor begin(TreeSum earlier, at::Tensor last);

  // Marks the elements [begin, begin + count) of `last` as final. Each element must be marked at
  // most once; the order is free. Buckets are sent in the order of their layout, which is the same
  // on all ranks: a complete bucket waits for the buckets before it. finish() throws the errors, so
  // an autograd hook may call this. May be called from any thread, but only one at a time; on a
  // GPU, the stream that computes `last` must be the current one.
  void ready(int64_t begin, int64_t count) noexcept;

  // Waits for the sum; rethrows an error of the communicator. Elements that were not passed to
  // ready() are summed with their present values. Collective.
  void finish();

 private:
  // The state of a sum that begin() has started.
  struct Parts {
    TreeSum earlier;
    at::Tensor last;
    std::vector<Bucket> buckets;
    // For each bucket, the number of elements that are not final yet.
    std::vector<int64_t> missing;
    // Index of the first bucket that has not been sent.
    size_t next = 0;
  };

  void send_complete_buckets() noexcept;
  void send(const Bucket& bucket);

  Communicator& communicator_;
  Reduction reduction_;
  BucketSizes sizes_;
  Parts parts_;
  // Set when a bucket fails; the remaining buckets are then not sent.
  std::atomic<bool> failed_ = false;
  // In the order in which they were started.
  std::vector<std::future<void>> pending_;
};

}  // namespace scgan
