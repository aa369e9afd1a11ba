#include "core/train/checkpoint_writer.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include <chrono>

namespace scgan {

void CheckpointWriter::copy(const NamedTensors& tensors) {
  const at::NoGradGuard no_grad;
  copy_.resize(tensors.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    const auto& [name, tensor] = tensors[i];
    auto& [copied_name, copied] = copy_[i];
    copied_name = name;
    if (!copied.defined() || copied.sizes() != tensor.sizes()) {
      copied = at::empty(tensor.sizes(), tensor.options().device(at::kCPU));
    }
    copied.copy_(tensor);
  }
}

void CheckpointWriter::save(int64_t step, const NamedTensors& tensors,
                            const std::map<std::string, std::string>& counters) {
  wait();
  copy(tensors);
  writing_ = std::async(std::launch::async,
                        [this, step, counters] { folder_.save(step, copy_, counters); });
}

void CheckpointWriter::check() {
  if (!writing_.valid()) return;
  if (writing_.wait_for(std::chrono::seconds(0)) == std::future_status::ready) writing_.get();
}

void CheckpointWriter::wait() {
  if (writing_.valid()) writing_.get();
}

}  // namespace scgan
