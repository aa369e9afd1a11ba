// The difference of two tensors, for tests that compare two ways to compute the same.
#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>

namespace scgan {

// The largest difference of values, relative to the largest value.
inline double difference(const at::Tensor& a, const at::Tensor& b) {
  return ((a.to(at::kDouble) - b).abs().max() / b.abs().max()).item<double>();
}

}  // namespace scgan
