// Batches for training: step number -> images. No state: any rank can make any batch, again and
// again.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "core/data/dataset.h"
#include "core/data/sampler.h"
#include "core/spec/run_spec.h"

namespace scgan {

struct Batch {
  at::Tensor a, b;  // [N, 3, S, S] float32 in [-1, 1], on the CPU
};

class DataLoader {  // Not thread-safe: keeps the order of the present epoch.
 public:
  // Takes the run's subset of `data`, which must outlive the loader.
  DataLoader(const RunSpec& spec, const Dataset& data);

  int64_t steps_per_epoch() const { return sampler_.steps_per_epoch(); }
  int64_t images_a() const { return static_cast<int64_t>(subset_a_.size()); }
  int64_t images_b() const { return static_cast<int64_t>(subset_b_.size()); }

  // The whole batch of a step (from 0): random crop and flip per image, draws of A and B
  // independent.
  Batch batch(int64_t step) const;

 private:
  const RunSpec& spec_;
  const Dataset& data_;
  std::vector<int64_t> subset_a_, subset_b_;
  Sampler sampler_;
};

}  // namespace scgan
