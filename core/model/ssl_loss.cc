#include "core/model/ssl_loss.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/l1_loss.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/mse_loss.h>

#include <stdexcept>

namespace scgan {
namespace {

bool uses_lpips(SslDistance distance) {
  return distance == SslDistance::kLpips || distance == SslDistance::kMseLpips;
}

at::Tensor reduced(const at::Tensor& per_image, BatchReduction reduction) {
  return reduction == BatchReduction::kMean ? per_image.mean() : per_image.sum();
}

// All images have the same size, so the mean over the batch of the means per image is the mean of
// all elements.
at::Tensor mean_squares(const at::Tensor& image, const at::Tensor& target,
                        BatchReduction reduction) {
  if (reduction == BatchReduction::kMean) return at::mse_loss(image, target);
  return at::mse_loss(image, target, at::Reduction::Sum) / image[0].numel();
}

at::Tensor mean_absolutes(const at::Tensor& image, const at::Tensor& target,
                          BatchReduction reduction) {
  if (reduction == BatchReduction::kMean) return at::l1_loss(image, target);
  return at::l1_loss(image, target, at::Reduction::Sum) / image[0].numel();
}

}  // namespace

SslLoss::SslLoss(const LossSpec& spec)
    : distance_(spec.ssl_distance), reduction_(spec.ssl_reduction) {
  if (uses_lpips(distance_)) lpips_ = std::make_unique<Lpips>(spec.lpips_weights);
}

at::Tensor SslLoss::distance(const at::Tensor& image, const at::Tensor& target) const {
  switch (distance_) {
    case SslDistance::kMse:
      return mean_squares(image, target, reduction_);
    case SslDistance::kL1:
      return mean_absolutes(image, target, reduction_);
    case SslDistance::kL2Norm:  // LibTorch defines its derivative at equal images as 0
      return reduced(at::linalg_vector_norm((image - target).flatten(1), 2, at::IntArrayRef{1}),
                     reduction_);
    case SslDistance::kLpips:
      return reduced((*lpips_)(image, target), reduction_);
    case SslDistance::kMseLpips:
      return mean_squares(image, target, reduction_) +
             reduced((*lpips_)(image, target), reduction_);
  }
  throw std::logic_error("unknown SslDistance");
}

at::Tensor SslLoss::operator()(const std::vector<Reconstruction>& reconstructions) const {
  at::Tensor sum;
  for (const Reconstruction& one : reconstructions) {
    const at::Tensor term = distance(one.image, one.target);
    sum = sum.defined() ? sum + term : term;
  }
  return sum;
}

}  // namespace scgan
