// LPIPS, the learned perceptual distance of two images (Zhang, Isola, Efros, Shechtman, Wang, CVPR
// 2018), version 0.1 on VGG16, from weights in a file; tools/convert_lpips.py makes it from the
// published ones.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <filesystem>
#include <string>
#include <vector>

namespace scgan {

// Frozen: gradients flow to the images only. Not for several threads at once.
class Lpips {
 public:
  // The file (safetensors, float32) holds exactly the tensors of VGG16's 13 convolutions under
  // torchvision's names ("features.0.weight", "features.0.bias", ... "features.28.bias") and
  // "lin0.model.1.weight" ... "lin4.model.1.weight" [1, C, 1, 1]. Error(kData) naming the file and
  // the first tensor that is missing, unknown, of another shape or type or not finite, and for a
  // file that cannot be read.
  explicit Lpips(const std::filesystem::path& file);

  // Distances [N] of two batches [N, 3, H, W] in [-1, 1], H and W at least 16. Computes in the type
  // and on the device of `images`; the weights move there at the first call.
  at::Tensor operator()(const at::Tensor& images, const at::Tensor& targets);

  // SHA-256 of the file.
  const std::string& digest() const { return digest_; }

 private:
  static constexpr int kStages = 5;

  void follow(const at::Tensor& images);
  // Of every stage's last map, each position's channel vector divided by its length.
  std::array<at::Tensor, kStages> directions(const at::Tensor& images) const;

  std::vector<at::Tensor> tensors_;  // weight and bias of the convolutions, then the linear layers
  std::string digest_;
  at::Tensor shift_,
      scale_;  // of the input, per channel [1, 3, 1, 1]; undefined until a first call
};

}  // namespace scgan
