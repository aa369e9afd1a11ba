// ImagePool: past fakes of one domain, shown to its discriminator again (Shrivastava et al., CVPR
// 2017). The same on every rank: fed with the whole batch in global sample order, its draws are by
// counter.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "core/base/counter_rng.h"

namespace scgan {

class ImagePool {
 public:
  // `capacity` images; 0 passes everything through. `purpose` tells the pools of a run apart.
  ImagePool(int64_t capacity, int64_t seed, Purpose purpose);

  // Image by image, in order: while the pool is not full, store it and return it. Then with
  // probability 0.5 return a random stored image and put the new one in its place, else return the
  // new one. fakes [N, 3, S, S], detached.
  at::Tensor query(const at::Tensor& fakes, int64_t step);

  // What is stored, [k, 3, S, S] with k <= capacity (undefined while empty): the pool's whole
  // state.
  const at::Tensor& images() const { return images_; }
  void set_images(at::Tensor images) { images_ = std::move(images); }

 private:
  int64_t capacity_;
  CounterRng draws_;
  at::Tensor images_;
};

}  // namespace scgan
