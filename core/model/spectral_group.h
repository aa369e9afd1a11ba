// Spectral normalisation of many convolutions together, for GPUs: one by one, each layer launches
// two dozen kernels for vectors of a few hundred numbers, which take less time than their launches.
#pragma once

#include <ATen/core/Tensor.h>

#include <utility>
#include <vector>

#include "core/model/spectral_conv.h"

namespace scgan {

class SpectralGroup {
 public:
  // `layers`: in any order, each at most once. They must outlive this.
  explicit SpectralGroup(std::vector<SpectralConv2dImpl*> layers) : layers_(std::move(layers)) {}

  // Prepares the next forward of every layer: makes its power iteration and hands it its normalised
  // weight, as SpectralConv2dImpl::normalized_weight() would, but for rounding. Every layer must
  // then run forward once. Does nothing on CPUs and in eval mode, where the layers do this
  // themselves.
  void prepare();

 private:
  std::vector<SpectralConv2dImpl*> layers_;
  // For each element of u and of v of all layers, one after the other, the index of its layer.
  // Undefined before the first call of prepare().
  at::Tensor segments_u_, segments_v_;
};

}  // namespace scgan
