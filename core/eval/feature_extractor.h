// Images to feature vectors: what FID and KID compare.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>

#include "core/spec/run_spec.h"

namespace scgan {

class FeatureExtractor {
 public:
  virtual ~FeatureExtractor() = default;
  // images uint8 [N, 3, H, W], RGB -> float32 [N, D] on the CPU. Same N, same bits. Throws
  // Error(kData) when the module returns another shape or type, or a value that is not finite.
  virtual at::Tensor features(const at::Tensor& images) const = 0;
  // "random_conv", or the TorchScript file's name: the label of every number made with it.
  virtual std::string name() const = 0;
  // SHA-256 of the weights (file).
  virtual std::string digest() const = 0;
};

// Throws Error(kData) naming the file when it cannot be read or is no TorchScript, and, after a
// trial with two images of image_size, when it does not return [2, D] floating point numbers.
std::unique_ptr<FeatureExtractor> make_feature_extractor(const ExtractorSpec& spec,
                                                         int64_t image_size);

}  // namespace scgan
