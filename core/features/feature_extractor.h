// Turns images into the feature vectors that FID and KID compare.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace scgan {

class FeatureExtractor {
 public:
  virtual ~FeatureExtractor() = default;
  // images uint8 [N, 3, H, W], RGB -> float32 [N, D] on the CPU. H and W may differ from call to
  // call. The bits depend only on the images of the call, the device and the number of threads.
  // Throws Error(kData) when the network returns another shape or type, or a value that is not
  // finite.
  virtual at::Tensor features(const at::Tensor& images) const = 0;
  // "random_conv", "inception_v3" (with the published weights), "inception_v3 with other weights",
  // or the TorchScript file's name. Name, digest and preprocessing label every number that is made
  // with the extractor.
  virtual std::string name() const = 0;
  // SHA-256 of the weights or their file.
  virtual std::string digest() const = 0;
  // What happens to images before the network: "uint8 RGB" for nothing, "legacy_pytorch 299",
  // "legacy_tensorflow 299" or "clean 299".
  virtual std::string preprocessing() const = 0;
};

}  // namespace scgan
