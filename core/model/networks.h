// The interfaces of the two kinds of network, and their initial weights.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/TensorOptions.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/model/part_window.h"
#include "core/model/safetensors.h"
#include "core/spec/spec_enums.h"

namespace torch::nn {
class Module;
}

namespace scgan {

// The base of all networks. LibTorch's module headers take seconds to compile, so only the files
// that define a network include them.
class Network {
 public:
  virtual ~Network() = default;

  // This network as a LibTorch module; include <torch/nn/module.h> to use it.
  virtual torch::nn::Module& module() = 0;

  // The network's own tensors, not copies, in order of registration and under the published names
  // ("model.1.weight").
  NamedTensors parameters();
  NamedTensors buffers();

  // Type and device of the parameters, which images must have, too; float32 on the CPU for a
  // network without parameters.
  at::TensorOptions options();

  void to(c10::Device device);
  // Converts parameters and floating-point buffers to float64.
  void to_double();
  // Train mode: batch norm uses the statistics of the batch, spectral norm iterates.
  void set_training(bool training);
  // Of all layers that pad by reflection (run.reflection_padding).
  void set_reflection_padding(ReflectionPadding on_gpu);
};

// Translates images [N, 3, H, W] in [-1, 1]; the output has the same shape and range.
class Generator : public Network {
 public:
  virtual at::Tensor forward(const at::Tensor& images) = 0;
};

// The image that a decoder reconstructed from the features of a real one, and its target; both
// [N, 3, s, s].
struct Reconstruction {
  // "big", "part" or "small".
  std::string_view decoder;
  at::Tensor image;
  at::Tensor target;
};

// Classifies images [N, 3, S, S] as real or fake. In train mode, batch norm uses the statistics of
// the batch and every forward makes one power iteration of spectral norm.
class Discriminator : public Network {
 public:
  struct RealOutput {
    // Of any shape, before the sigmoid.
    at::Tensor logits;
    // By the decoders in use, in the order big, part, small; the input of SslLoss.
    std::vector<Reconstruction> reconstructions;
  };
  virtual at::Tensor logits(const at::Tensor& images) = 0;
  // For real images. decoder_part reconstructs `window`, one for the whole batch.
  virtual RealOutput discriminate_real(const at::Tensor& images, const PartWindow& window) = 0;
};

// A network of a run; part of the key of its initial weights.
enum class NetworkIndex : uint32_t { kGA = 0, kGB = 1, kDA = 2, kDB = 3 };

// Initial weights, a pure function of (seed, index, tensor's position): convolutions N(0, 0.02),
// biases 0, batch norm scales N(1, 0.02) and shifts 0, running statistics 0 and 1, spectral-norm
// vectors normalised Gaussians.
void initialize(Network& network, int64_t seed, NetworkIndex index);

}  // namespace scgan
