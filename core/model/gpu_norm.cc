#include "core/model/gpu_norm.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/instance_norm.h>
#include <ATen/ops/native_batch_norm.h>

#include <tuple>
#include <vector>

#include "core/model/arithmetic.h"

namespace scgan {
namespace {

// Of one image.
at::Tensor batch_norm_of(const at::Tensor& image, double epsilon) {
  return std::get<0>(
      at::native_batch_norm(image, {}, {}, {}, {}, /*training=*/true, /*momentum=*/0, epsilon));
}

}  // namespace

// at::instance_norm copies its input to the default format, and returns that format. The batch norm
// of one image is the same, and LibTorch has kernels of it for channels_last
// (aten/src/ATen/native/cuda/Normalization.cu): each thread block adds its pixels, and the last one
// to end adds the sums of all blocks in their order.
at::Tensor gpu_instance_norm(const at::Tensor& x, double epsilon) {
  if (!is_channels_last(x)) {
    return at::instance_norm(x, {}, {}, {}, {}, /*use_input_stats=*/true, /*momentum=*/0, epsilon,
                             /*cudnn_enabled=*/true);
  }
  if (x.size(0) == 1) return batch_norm_of(x, epsilon);
  std::vector<at::Tensor> images = x.split(1);
  for (at::Tensor& image : images) image = batch_norm_of(image, epsilon);
  return at::cat(images);
}

// Not by cuDNN, which does not say in which order its kernel for channels_last adds.
at::Tensor gpu_batch_norm(torch::nn::BatchNorm2dImpl& layer, const at::Tensor& x) {
  if (!layer.is_training() || !is_channels_last(x)) return layer.forward(x);
  {
    const at::NoGradGuard no_grad;
    layer.num_batches_tracked.add_(1);
  }
  return at::batch_norm(x, layer.weight, layer.bias, layer.running_mean, layer.running_var,
                        /*training=*/true, layer.options.momentum().value(), layer.options.eps(),
                        /*cudnn_enabled=*/false);
}

}  // namespace scgan
