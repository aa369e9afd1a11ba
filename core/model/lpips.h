// LPIPS, the learned perceptual distance of two images (Zhang, Isola, Efros, Shechtman, Wang, CVPR
// 2018), version 0.1 on VGG16. tools/convert_lpips.py converts the published weights to the file
// that it reads.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <filesystem>
#include <string>
#include <vector>

namespace scgan {

// The weights are frozen: gradients flow to the images only. Not thread-safe.
class Lpips {
 public:
  // The file (safetensors, float32) holds exactly the tensors of VGG16's 13 convolutions under
  // torchvision's names ("features.0.weight", "features.0.bias", ... "features.28.bias") and
  // "lin0.model.1.weight" ... "lin4.model.1.weight" [1, C, 1, 1]. Throws Error(kData) that names
  // the file and the first tensor that is missing, unknown, of another shape or type, or not
  // finite, and if the file cannot be read.
  explicit Lpips(const std::filesystem::path& file);

  // Distances [N] of two batches [N, 3, H, W] in [-1, 1], H and W at least 16. Computes in the type
  // and on the device of `images`; the first call converts the weights.
  at::Tensor operator()(const at::Tensor& images, const at::Tensor& targets);

  // SHA-256 of the file.
  const std::string& digest() const { return digest_; }

 private:
  static constexpr int kStages = 5;

  // Converts the weights to the type and device of `images`.
  void convert_to_options_of(const at::Tensor& images);
  // The last map of every stage, with the channel vector of each position divided by its length.
  std::array<at::Tensor, kStages> normalized_maps(const at::Tensor& images) const;

  // Weight and bias of each convolution, then the weights of the linear layers.
  std::vector<at::Tensor> tensors_;
  std::string digest_;
  // Of the input, per channel [1, 3, 1, 1]; undefined before the first call.
  at::Tensor shift_, scale_;
};

}  // namespace scgan
