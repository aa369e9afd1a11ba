// In which numbers and in which order in memory networks compute.
#pragma once

#include <ATen/core/Tensor.h>

#include "core/spec/spec_enums.h"

namespace scgan {

// While it exists, networks that this thread runs forward compute in the arithmetic of `precision`;
// otherwise in the type of their parameters. With kBf16, convolutions and what lies between them
// are in bfloat16, accumulated in float32, and norms compute in float32. With kTf32, convolutions
// and matrix products on GPUs use TF32. Parameters, gradients, losses and spectral norms stay in
// float32.
class ScopedPrecision {
 public:
  explicit ScopedPrecision(Precision precision);
  ~ScopedPrecision();
  ScopedPrecision(const ScopedPrecision&) = delete;
  ScopedPrecision& operator=(const ScopedPrecision&) = delete;

 private:
  bool former_bf16_, former_tf32_;
};

// Images as a network computes with them: in the type of the arithmetic and in the memory format
// that is fastest: channels_last on CPUs, and on GPUs with kBf16 and kTf32.
at::Tensor to_network(const at::Tensor& images);

// What a network computed, in float32 (or float64) and LibTorch's default memory format.
at::Tensor from_network(const at::Tensor& output);

// `parameter`, which may be undefined, in the type of `x`, and a convolution's weight on a GPU in
// its memory format.
at::Tensor in_type_of(const at::Tensor& x, const at::Tensor& parameter);

// Whether x [N, C, H, W] has the memory format channels_last, not LibTorch's default format. False
// where they are the same.
bool is_channels_last(const at::Tensor& x);

// Whether the processor multiplies bfloat16 numbers; others emulate it. With AMX it multiplies
// matrices of them.
bool cpu_has_bf16();
bool cpu_has_amx();

}  // namespace scgan
