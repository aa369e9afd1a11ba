// Instance and batch normalisation on GPUs, without activation (norm.h), by kernels of LibTorch
// that add in a fixed order. The result has the memory format of the input, channels_last or the
// default one.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/modules/batchnorm.h>

namespace scgan {

// [N, C, H, W] -> the same shape: each channel of each image gets the mean 0 and, but for
// `epsilon`, the variance 1.
at::Tensor gpu_instance_norm(const at::Tensor& x, double epsilon);

// The forward pass of `layer`; in train mode it updates the running statistics.
at::Tensor gpu_batch_norm(torch::nn::BatchNorm2dImpl& layer, const at::Tensor& x);

}  // namespace scgan
