// GradientReducer: the generators' gradient of the whole batch from each rank's share, while the
// caller goes on.
#pragma once

#include <ATen/core/Tensor.h>

#include <future>

#include "core/comm/buckets.h"
#include "core/comm/communicator.h"
#include "core/spec/run_spec.h"

namespace scgan {

class GradientReducer {
 public:
  // The communicator must outlive the reducer. `sizes`: of the buckets of Reduction::kAllReduce.
  GradientReducer(Communicator& communicator, Reduction reduction, BucketSizes sizes = {})
      : communicator_(communicator), reduction_(reduction), sizes_(sizes) {}
  ~GradientReducer();

  // Starts the sum of `flat` over the ranks, in place. Until finish() neither `flat` nor the
  // communicator may be used. Collective.
  void start(at::Tensor flat);

  // Waits for the sum; throws what the transport threw. Collective.
  void finish();

 private:
  void reduce(at::Tensor flat);

  Communicator& communicator_;
  Reduction reduction_;
  BucketSizes sizes_;
  std::future<void> pending_;
};

}  // namespace scgan
