// The built-in feature extractor: a small convolutional network with fixed random weights, which
// needs no file. Its distances rank sets of images, but are not the published FID or KID and are
// always labelled random_conv.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <string>
#include <vector>

#include "core/features/feature_extractor.h"

namespace scgan {

// Three 3x3 convolutions of stride 2 with ReLU, 3 -> 32 -> 64 -> 128 channels, He-scaled Gaussian
// weights. The features are the mean and standard deviation over the pixels of every channel of
// each layer: 448 numbers.
class RandomConvExtractor final : public FeatureExtractor {
 public:
  explicit RandomConvExtractor(c10::Device device = c10::kCPU);
  at::Tensor features(const at::Tensor& images) const override;
  std::string name() const override { return "random_conv"; }
  std::string digest() const override { return digest_; }
  std::string preprocessing() const override { return "uint8 RGB"; }

 private:
  c10::Device device_;
  std::vector<at::Tensor> weights_;
  std::string digest_;
};

}  // namespace scgan
