// The self-supervised loss of the discriminator: how far the images that its decoders rebuilt are
// from the real ones.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "core/model/lpips.h"
#include "core/model/networks.h"
#include "core/spec/run_spec.h"

namespace scgan {

// Of `spec`: ssl_distance, ssl_reduction and lpips_weights; the weight lambda_ssl is the caller's.
//
// An image's distance is
//   mse     the mean of its squared differences,        l1     of the absolute ones,
//   l2norm  the root of the sum of its squared differences,
//   lpips   Lpips,                                      mse_lpips     mse + lpips.
// It is averaged or summed over the batch, and summed over the decoders. Computes in the type and
// on the device of the images. Not for several threads at once.
class SslLoss {
 public:
  // Reads the weights of LPIPS where the distance needs them: Error(kData) naming the file.
  explicit SslLoss(const LossSpec& spec);

  // Scalar; `rebuilt` is not empty. Differentiable in the rebuilt images.
  at::Tensor operator()(const std::vector<Rebuilt>& rebuilt) const;

  // SHA-256 of the weights of LPIPS; empty where they are not used.
  std::string lpips_digest() const { return lpips_ ? lpips_->digest() : std::string(); }

 private:
  at::Tensor distance(const at::Tensor& image, const at::Tensor& target) const;

  SslDistance distance_;
  BatchReduction reduction_;
  std::unique_ptr<Lpips> lpips_;
};

}  // namespace scgan
