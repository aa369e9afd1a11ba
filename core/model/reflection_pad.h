// Reflection padding with a backward pass that is deterministic on every device.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstdint>

#include "core/spec/spec_enums.h"

namespace scgan {

// [N, C, H, W] -> [N, C, H + 2 pad, W + 2 pad], mirrored without repeating the border. `pad` must
// be less than H and W. `on_gpu` changes the bits of the backward pass on a GPU.
at::Tensor reflection_pad(const at::Tensor& images, int64_t pad,
                          ReflectionPadding on_gpu = ReflectionPadding::kNative);

// The same as a layer of a torch::nn::Sequential; no parameters.
class ReflectionPadImpl : public torch::nn::Module {
 public:
  explicit ReflectionPadImpl(int64_t pad) : pad_(pad) {}
  at::Tensor forward(const at::Tensor& images) { return reflection_pad(images, pad_, on_gpu_); }
  void set_on_gpu(ReflectionPadding on_gpu) { on_gpu_ = on_gpu; }

 private:
  int64_t pad_;
  ReflectionPadding on_gpu_ = ReflectionPadding::kNative;
};
TORCH_MODULE(ReflectionPad);

}  // namespace scgan
