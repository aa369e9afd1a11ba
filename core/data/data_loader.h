// DataLoader: returns the batch of images of any training step. A batch depends only on the run and
// the step, so any rank can load any batch, any number of times.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <vector>

#include "core/data/dataset.h"
#include "core/data/sampler.h"
#include "core/spec/run_spec.h"

namespace scgan {

struct Batch {
  // [N, 3, S, S] float32 in [-1, 1], on the loader's device.
  at::Tensor a, b;
};

// Not thread-safe: caches the order of the current epoch.
class DataLoader {
 public:
  // Uses the run's subset of `data`. Both arguments must outlive the loader. On a GPU, batches are
  // cut from copies of the images in its memory if these take at most `gpu_bytes`; otherwise they
  // are cut on the host. All of these have the same bits.
  DataLoader(const RunSpec& spec, const Dataset& data, c10::Device device = at::kCPU,
             int64_t gpu_bytes = 0);

  const Dataset& dataset() const { return data_; }
  int64_t steps_per_epoch() const { return sampler_.steps_per_epoch(); }
  int64_t images_a() const { return static_cast<int64_t>(subset_a_.size()); }
  int64_t images_b() const { return static_cast<int64_t>(subset_b_.size()); }

  // Returns the whole batch of `step`, counted from 0: a random crop and flip per image, drawn
  // independently for A and B. On a GPU it is only queued.
  Batch batch(int64_t step) const;

 private:
  // A crop of a training image, its number in the data set's list or that of the copies.
  struct Crop {
    int64_t image, y, x;
    bool flipped;
  };
  std::vector<Crop> crops(const std::vector<int64_t>& images, const at::Tensor& of_domain,
                          int64_t step, int domain) const;
  at::Tensor cut_on_host(const at::Tensor& images, const std::vector<Crop>& crops) const;
  at::Tensor cut_on_gpu(const at::Tensor& images, const std::vector<Crop>& crops) const;

  const RunSpec& spec_;
  const Dataset& data_;
  c10::Device device_;
  std::vector<int64_t> subset_a_, subset_b_;
  Sampler sampler_;
  // The run's images on the GPU: uint8 grey levels, or float32 in [-1, 1]. Undefined if batches are
  // cut on the host.
  at::Tensor copies_a_, copies_b_;
  // [256] on the GPU: what each grey level is in [-1, 1]. A table, because a GPU divides by
  // multiplying with the reciprocal, which rounds differently.
  at::Tensor levels_;
};

}  // namespace scgan
