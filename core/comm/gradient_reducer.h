// GradientReducer: the generators' gradient of the whole batch from each rank's share, while the
// caller goes on.
#pragma once

#include <ATen/core/Tensor.h>

#include <future>

#include "core/comm/communicator.h"
#include "core/spec/run_spec.h"

namespace scgan {

class GradientReducer {
 public:
  // The communicator must outlive the reducer.
  GradientReducer(Communicator& communicator, Reduction reduction)
      : communicator_(communicator), reduction_(reduction) {}
  ~GradientReducer();

  // Starts the sum of `flat` over the ranks, in place. Until finish() neither `flat` nor the
  // communicator may be used. Collective.
  void start(at::Tensor flat);

  // Waits for the sum; throws what the transport threw. Collective.
  void finish();

 private:
  Communicator& communicator_;
  Reduction reduction_;
  std::future<void> pending_;
};

}  // namespace scgan
