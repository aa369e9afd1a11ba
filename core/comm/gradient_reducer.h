// GradientReducer: the generators' gradient of the whole batch from each rank's share, while the
// caller goes on.
//
// Reduction::kCanonical takes the share as a whole: start(), finish(). Reduction::kAllReduce can
// take it in parts, while the backward pass still computes the others: begin(), ready() for every
// part, finish().
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
  // The communicator must outlive the reducer. `sizes`: of the buckets of Reduction::kAllReduce.
  GradientReducer(Communicator& communicator, Reduction reduction, BucketSizes sizes = {})
      : communicator_(communicator), reduction_(reduction), sizes_(sizes) {}
  ~GradientReducer();
  GradientReducer(const GradientReducer&) = delete;
  GradientReducer& operator=(const GradientReducer&) = delete;

  // Starts the sum of `flat` over the ranks, in place. Until finish() neither `flat` nor the
  // communicator may be used. Collective.
  void start(at::Tensor flat);

  // Whether begin() may be called instead of start(): the same on every rank.
  bool takes_parts() const {
    return reduction_ == Reduction::kAllReduce && communicator_.size() > 1;
  }

  // A rank's share is the sum of `earlier` and `last`, whose elements are still to be computed.
  // Gives the vector that holds the sum over the ranks after finish(). Until then the communicator
  // may not be used, nor the terms, but for the elements of `last` that ready() has not named.
  // Collective, with ready() and finish().
  at::Tensor begin(TreeSum earlier, at::Tensor last);

  // The elements [begin, begin + count) of `last` are final; each is named once, in any order.
  // Buckets set out in the order of their layout, on all ranks alike: one that is complete waits
  // for those before it. What goes wrong is thrown by finish(), so that a hook of autograd may call
  // this. From any thread, one at a time; on a GPU with the stream current that computes `last`.
  void ready(int64_t begin, int64_t count) noexcept;

  // Waits for the sum; throws what the transport threw. What ready() has not named is taken as it
  // is now. Collective.
  void finish();

 private:
  struct Parts {  // of the sum that begin() has begun
    TreeSum earlier;
    at::Tensor last;
    std::vector<Bucket> buckets;
    std::vector<int64_t> missing;  // elements of each bucket that are not final
    size_t next = 0;               // the first bucket that has not set out
  };

  void send_complete_buckets() noexcept;
  void send(const Bucket& bucket);

  Communicator& communicator_;
  Reduction reduction_;
  BucketSizes sizes_;
  Parts parts_;
  std::atomic<bool> failed_ = false;        // a bucket did: the others stay
  std::vector<std::future<void>> pending_;  // in the order of their start
};

}  // namespace scgan
