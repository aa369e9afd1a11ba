// Instance and batch normalisation with the activation that follows them.
//
// On CPUs both are computed in few passes over the memory, in the memory format channels_last, and
// the results have that format; on GPUs by LibTorch's kernels (gpu_norm.h). Channels whose variance
// exceeds the largest float32 become NaN.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/pimpl.h>

#include <cstdint>

namespace scgan {

// The slope of an activation for negative values; positive values stay as they are.
inline constexpr double kIdentitySlope = 1, kReluSlope = 0, kLeakyReluSlope = 0.2;

// [N, C, H, W] -> the same shape: each channel of each image gets the mean 0 and, but for an
// epsilon of 1e-5, the variance 1, as nn::InstanceNorm2d without parameters does it (Ulyanov,
// Vedaldi, Lempitsky 2016); then negative values are multiplied by `negative_slope`. float32,
// float64 or bfloat16; bfloat16 is computed in float32. Each image is computed by itself.
at::Tensor instance_norm(const at::Tensor& x, double negative_slope);

// The same as a layer of a torch::nn::Sequential; no parameters.
class InstanceNormImpl : public torch::nn::Module {
 public:
  explicit InstanceNormImpl(double negative_slope) : negative_slope_(negative_slope) {}
  at::Tensor forward(const at::Tensor& x) { return instance_norm(x, negative_slope_); }

 private:
  double negative_slope_;
};
TORCH_MODULE(InstanceNorm);

// nn::BatchNorm2d (Ioffe, Szegedy 2015), with its parameters and running statistics, then negative
// values are multiplied by `negative_slope`. Scale and shift are float32 where x is bfloat16.
class BatchNormImpl : public torch::nn::BatchNorm2dImpl {
 public:
  BatchNormImpl(int64_t channels, double negative_slope)
      : BatchNorm2dImpl(torch::nn::BatchNorm2dOptions(channels)), negative_slope_(negative_slope) {}
  at::Tensor forward(const at::Tensor& x);

 private:
  double negative_slope_;
};
TORCH_MODULE(BatchNorm);

}  // namespace scgan
