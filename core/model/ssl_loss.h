// The self-supervised loss of the discriminator: the distance of its decoders' reconstructions from
// the real images.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "core/model/lpips.h"
#include "core/model/networks.h"
#include "core/spec/run_spec.h"

namespace scgan {

// Uses ssl_distance, ssl_reduction and lpips_weights of `spec`; the caller applies lambda_ssl.
//
// The distance of an image is
//   mse     the mean of its squared differences,        l1     of the absolute ones,
//   l2norm  the root of the sum of its squared differences,
//   lpips   Lpips,                                      mse_lpips     mse + lpips.
// It is averaged or summed over the batch, then summed over the decoders. Computes in the type and
// on the device of the images. Not thread-safe.
class SslLoss {
 public:
  // Reads the weights of LPIPS if the distance needs them. Throws Error(kData) with the file.
  explicit SslLoss(const LossSpec& spec);

  // Returns a scalar that is differentiable in the reconstructed images. `reconstructions` must not
  // be empty.
  at::Tensor operator()(const std::vector<Reconstruction>& reconstructions) const;

  // SHA-256 of the weights of LPIPS; empty if they are not used.
  std::string lpips_digest() const { return lpips_ ? lpips_->digest() : std::string(); }

 private:
  at::Tensor distance(const at::Tensor& image, const at::Tensor& target) const;

  SslDistance distance_;
  BatchReduction reduction_;
  std::unique_ptr<Lpips> lpips_;
};

}  // namespace scgan
