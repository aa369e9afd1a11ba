#include "core/train/recorded_step.h"

#include <exception>

#include "core/base/log.h"

namespace scgan {
namespace {

// In which LibTorch's libraries choose their kernels and allocate what they keep. The image pools
// are allocated in the first.
constexpr int64_t kUsualSteps = 3;

}  // namespace

void RecordedStep::run(const std::function<void()>& compute) {
  if (recorder_ && usual_steps_ == kUsualSteps) try_to_record(compute);
  if (repeat_) {
    repeat_();
  } else {
    compute();
    ++usual_steps_;
  }
}

// Until a recorded step is queued, nothing has changed.
void RecordedStep::try_to_record(const std::function<void()>& compute) {
  try {
    repeat_ = recorder_(compute);
    log::info("the training step is recorded as a CUDA graph");
  } catch (const std::exception& problem) {
    log::warn("the training step cannot be recorded as a CUDA graph (run.cuda_graph): {}",
              problem.what());
  }
  recorder_ = {};
}

void RecordedStep::drop() {
  recorder_ = {};
  repeat_ = {};
}

}  // namespace scgan
