// The Inception-v3 network of 2015-12-05 up to its last pooling: the features behind FID and KID.
#pragma once

#include <torch/nn/module.h>

#include <filesystem>
#include <functional>
#include <vector>

#include "core/model/safetensors.h"

namespace scgan {

constexpr int64_t kInceptionSide = 299;       // pixels, of its square input
constexpr int64_t kInceptionFeatures = 2048;  // per image

// 94 convolution blocks, 21,785,568 parameters, always in evaluation mode. Names as in the
// published state dict pt_inception-2015-12-05-6726825d.pth ("Mixed_5b.branch1x1.conv.weight"). Two
// things differ from torchvision's network: average pools do not count the padding, and Mixed_7c
// has a max pool.
class InceptionV3 final : public torch::nn::Module {
 public:
  // The weights are uninitialized until load_inception_weights().
  InceptionV3();

  // images float32 [N, 3, 299, 299], scaled by one of inception_input's variants -> [N, 2048].
  at::Tensor forward(const at::Tensor& images) const;

 private:
  std::vector<std::function<at::Tensor(const at::Tensor&)>> stages_;
};

// Copies the weights into the network. Ignores the classifier (fc.*), an auxiliary head
// (AuxLogits.*) and num_batches_tracked; all other tensors must match those of the network. Throws
// Error(kData) naming `file` and the tensor that is missing, unknown, of another shape, not
// floating point or not finite.
void load_inception_weights(InceptionV3& network, const NamedTensors& tensors,
                            const std::filesystem::path& file);

}  // namespace scgan
