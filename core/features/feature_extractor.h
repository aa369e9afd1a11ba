// Images to feature vectors: what FID and KID compare.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <memory>
#include <string>

#include "core/spec/run_spec.h"

namespace scgan {

class FeatureExtractor {
 public:
  virtual ~FeatureExtractor() = default;
  // images uint8 [N, 3, H, W], RGB -> float32 [N, D] on the CPU. H and W may differ from call to
  // call. The bits depend on the images of the call, on the device and on the number of threads
  // alone. Throws Error(kData) when the module returns another shape or type, or a value that is
  // not finite.
  virtual at::Tensor features(const at::Tensor& images) const = 0;
  // "random_conv", "inception_v3" (the published weights; others say so), or the TorchScript file's
  // name; with digest and preprocessing
  // the label of every number made with it.
  virtual std::string name() const = 0;
  // SHA-256 of the weights (file).
  virtual std::string digest() const = 0;
  // How it takes images in: "uint8 RGB" where nothing is done to them but what the module does,
  // "legacy_pytorch 299", "legacy_tensorflow 299", "clean 299".
  virtual std::string preprocessing() const = 0;
};

// Computes on `device`, which may be any that LibTorch has. Throws Error(kData) naming the file
// when it cannot be read or is not what the kind wants: for torchscript, after a trial with two
// images of image_size, also when it does not return [2, D] floating point numbers.
std::unique_ptr<FeatureExtractor> make_feature_extractor(const ExtractorSpec& spec,
                                                         int64_t image_size,
                                                         c10::Device device = c10::kCPU);

}  // namespace scgan
