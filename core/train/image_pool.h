// ImagePool: past fakes of one domain that its discriminator sees again (Shrivastava et al., CVPR
// 2017). The pool is the same on every rank, because it receives the whole batch in global sample
// order and its random numbers are counter-based.
//
// The host decides which images move, from the random numbers and the number of stored images; the
// device moves them. So a GPU is given the same operations in every step.
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

  // The number of values with which decide() describes the moves of a batch of `count` fakes.
  int64_t move_count(int64_t count) const { return capacity_ == 0 ? 0 : 3 * count + 2 * capacity_; }

  // Decides for the `count` fakes of `step`, in order: while the pool is not full, the fake is
  // stored and shown. Once it is full, with probability 0.5 a random stored image is shown and
  // replaced by the fake; otherwise the fake is shown. Writes move_count(count) values to `moves`,
  // which the next query() must receive.
  void decide(int64_t step, int64_t count, int64_t* moves);

  // Returns one image for each of `fakes` [N, 3, S, S], which must be detached, and stores fakes,
  // as `moves` says; a flat tensor on the device of the fakes. On a GPU everything is only queued.
  at::Tensor query(const at::Tensor& fakes, const at::Tensor& moves);

  // The stored images [k, 3, S, S], k <= capacity, undefined while the pool is empty. They are the
  // whole state of the pool.
  at::Tensor images() const;
  // Copies `images`, on the device of the fakes.
  void set_images(const at::Tensor& images);

 private:
  // Allocates memory for images like `like` [N, 3, S, S], once.
  void allocate(const at::Tensor& like);

  int64_t capacity_;
  CounterRng rng_;
  int64_t stored_ = 0;
  // [capacity, 3, S, S], of which the first `stored_` are in use; undefined at first.
  at::Tensor slots_;
};

}  // namespace scgan
