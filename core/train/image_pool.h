// ImagePool: past fakes of one domain that its discriminator sees again (Shrivastava et al., CVPR
// 2017). The pool is the same on every rank, because it receives the whole batch in global sample
// order and its random numbers are counter-based.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "core/base/counter_rng.h"

namespace scgan {

class ImagePool {
 public:
  // Holds up to `capacity` images; with 0, query() returns its input. `purpose` distinguishes the
  // pools of a run.
  ImagePool(int64_t capacity, int64_t seed, Purpose purpose);

  // Returns one image for each of `fakes` [N, 3, S, S], which must be detached. Processes them in
  // order: while the pool is not full, stores and returns the image. Once it is full, with
  // probability 0.5 returns a random stored image and replaces it with the new one; otherwise
  // returns the new one.
  at::Tensor query(const at::Tensor& fakes, int64_t step);

  // The stored images [k, 3, S, S], k <= capacity, undefined while the pool is empty. They are the
  // whole state of the pool.
  const at::Tensor& images() const { return images_; }
  void set_images(at::Tensor images) { images_ = std::move(images); }

 private:
  // Adds images with undefined content.
  void grow_to(int64_t count, const at::Tensor& fakes);

  int64_t capacity_;
  CounterRng rng_;
  at::Tensor images_;
};

}  // namespace scgan
