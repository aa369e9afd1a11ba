// RecordedStep: a training step on a GPU as one call of the host. After the first steps, one is
// recorded as a CUDA graph; all further ones repeat it.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "core/comm/work_recorder.h"

namespace scgan {

class RecordedStep {
 public:
  // Without a `recorder`, all steps are queued as usual.
  explicit RecordedStep(WorkRecorder recorder) : recorder_(std::move(recorder)) {}

  // Queues a step. `compute` does that as usual; it must meet the conditions of WorkRecorder. If
  // the recording fails, steps are queued as usual from then on, after a warning.
  void run(const std::function<void()>& compute);

  // Returns the memory of the recorded step. Further steps are queued as usual.
  void drop();

 private:
  void try_to_record(const std::function<void()>& compute);

  WorkRecorder recorder_;         // empty if steps are not to be recorded, or no longer
  std::function<void()> repeat_;  // queues the recorded step; empty before
  int64_t usual_steps_ = 0;
};

}  // namespace scgan
