// CheckpointWriter: writes checkpoints beside the training. Training waits only while the state is
// copied to the host's memory.
#pragma once

#include <cstdint>
#include <future>
#include <map>
#include <string>

#include "core/model/safetensors.h"
#include "core/train/checkpoint.h"

namespace scgan {

// Not thread-safe. The destructor waits for a checkpoint that is being written and drops its error.
class CheckpointWriter {
 public:
  // `folder` must outlive this.
  explicit CheckpointWriter(const CheckpointFolder& folder) : folder_(folder) {}

  // Copies the tensors and returns; a thread of its own calls CheckpointFolder::save. Waits for the
  // checkpoint before, so that at most one is being written. Throws that one's error.
  void save(int64_t step, const NamedTensors& tensors,
            const std::map<std::string, std::string>& counters);

  // Throws the error of a checkpoint that could not be written, without waiting for one that is
  // being written.
  void check();

  // Waits until the last checkpoint is on disk. Throws its error.
  void wait();

 private:
  void copy(const NamedTensors& tensors);

  const CheckpointFolder& folder_;
  // Of the last checkpoint; their memory is used again.
  NamedTensors copy_;
  std::future<void> writing_;
};

}  // namespace scgan
