// The interfaces of the two kinds of network, and how a ModelSpec becomes one.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/TensorOptions.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "core/model/part_window.h"
#include "core/model/safetensors.h"
#include "core/spec/run_spec.h"

namespace torch::nn {
class Module;
}

namespace scgan {

// What all networks have in common. LibTorch's headers of modules take seconds to compile, so only
// the files that define a network include them.
class Network {
 public:
  virtual ~Network() = default;

  // This network as a module of LibTorch, for <torch/nn/module.h>.
  virtual torch::nn::Module& module() = 0;

  // The network's own tensors in order of registration, under the published names
  // ("model.1.weight").
  NamedTensors parameters();
  NamedTensors buffers();

  // Type and device of the parameters, and so of the images that the network takes; float32 on the
  // CPU for a network without parameters.
  at::TensorOptions options();

  void to(c10::Device device);
  // Turns parameters and floating-point buffers into float64.
  void to_double();
  // Train mode: batch norm uses the statistics of the batch, spectral norm iterates.
  void set_training(bool training);
};

// Translates images: [N, 3, H, W] in [-1, 1] -> the same shape and range.
class Generator : public Network {
 public:
  virtual at::Tensor forward(const at::Tensor& images) = 0;
};

// An image that a decoder rebuilt from the features of a real one, and the image it should be; both
// [N, 3, s, s].
struct Rebuilt {
  std::string_view decoder;  // "big", "part" or "small"
  at::Tensor image;
  at::Tensor target;
};

// Judges images [N, 3, S, S]. Module in train mode: batch statistics, one power iteration per
// forward.
class Discriminator : public Network {
 public:
  struct RealOutput {
    at::Tensor logits;             // any shape, no sigmoid
    std::vector<Rebuilt> rebuilt;  // by the decoders in use, in the order big, part, small; what
                                   // SslLoss compares. Empty where there is none
  };
  virtual at::Tensor logits(const at::Tensor& images) = 0;
  // For real images. `window` is what decoder_part rebuilds; one for the whole batch.
  virtual RealOutput discriminate_real(const at::Tensor& images, PartWindow window) = 0;
};

std::shared_ptr<Generator> make_generator(const ModelSpec& spec);
// What `spec` leaves open (auto, 0) is as resolve_defaults() decides it. Error(kInvalidSpec) for
// what the network cannot be.
std::shared_ptr<Discriminator> make_discriminator(const ModelSpec& spec, int64_t image_size);

// Which network of a run: part of the key of its initial weights.
enum class NetworkIndex : uint32_t { kGA = 0, kGB = 1, kDA = 2, kDB = 3 };

// Initial weights, a pure function of (seed, index, tensor's position): convolutions N(0, 0.02),
// biases 0, batch norm scales N(1, 0.02) and shifts 0, running statistics 0 and 1, spectral-norm
// vectors normalised Gaussians.
void initialize(Network& network, int64_t seed, NetworkIndex index);

}  // namespace scgan
