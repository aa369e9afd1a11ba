// DataLoader: returns the batch of images of any training step. A batch depends only on the run and
// the step, so any rank can load any batch, any number of times.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "core/data/dataset.h"
#include "core/data/sampler.h"
#include "core/spec/run_spec.h"

namespace scgan {

struct Batch {
  // [N, 3, S, S] float32 in [-1, 1], on the CPU.
  at::Tensor a, b;
};

// Not thread-safe: caches the order of the current epoch.
class DataLoader {
 public:
  // Uses the run's subset of `data`. Both arguments must outlive the loader.
  DataLoader(const RunSpec& spec, const Dataset& data);

  const Dataset& dataset() const { return data_; }
  int64_t steps_per_epoch() const { return sampler_.steps_per_epoch(); }
  int64_t images_a() const { return static_cast<int64_t>(subset_a_.size()); }
  int64_t images_b() const { return static_cast<int64_t>(subset_b_.size()); }

  // Returns the whole batch of `step`, counted from 0: a random crop and flip per image, drawn
  // independently for A and B.
  Batch batch(int64_t step) const;

 private:
  const RunSpec& spec_;
  const Dataset& data_;
  std::vector<int64_t> subset_a_, subset_b_;
  Sampler sampler_;
};

}  // namespace scgan
