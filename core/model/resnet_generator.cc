#include "core/model/resnet_generator.h"

#include <ATen/core/Tensor.h>
#include <torch/nn/modules.h>

#include "core/model/conv_layers.h"
#include "core/model/norm.h"
#include "core/model/reflection_pad.h"
#include "core/model/row_conv.h"
#include "core/model/winograd_conv.h"

namespace scgan {
namespace {

namespace nn = torch::nn;

TypedConv2d conv(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t padding) {
  return zero_conv(TypedConv2d(nn::Conv2dOptions(1, 1, kernel).stride(stride).padding(padding)), in,
                   out);
}

TypedConvTranspose2d double_size(int64_t in, int64_t out) {
  return zero_conv(TypedConvTranspose2d(
                       nn::ConvTranspose2dOptions(1, 1, 3).stride(2).padding(1).output_padding(1)),
                   in, out);
}

// Takes the place of a published layer whose work its neighbour does: the numbers of the layers are
// part of the parameters' names.
nn::Identity in_neighbour() { return nn::Identity(); }

// The padding of the 3 x 3 convolution that follows, which pads by itself on CPUs.
class PadOnGpuImpl : public ReflectionPadImpl {
 public:
  PadOnGpuImpl() : ReflectionPadImpl(1) {}
  at::Tensor forward(const at::Tensor& x) { return x.is_cpu() ? x : ReflectionPadImpl::forward(x); }
};
TORCH_MODULE(PadOnGpu);

class PaddedConv3x3Impl : public nn::Conv2dImpl {
 public:
  explicit PaddedConv3x3Impl(int64_t channels)
      : Conv2dImpl(nn::Conv2dOptions(channels, channels, 3)) {}
  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor typed = in_type_of(x, weight);
    const at::Tensor typed_bias = in_type_of(x, bias);
    return x.is_cpu() ? conv3x3(x, typed, typed_bias, Border::kReflect)
                      : at::conv2d(x, typed, typed_bias);
  }
};
TORCH_MODULE(PaddedConv3x3);

class ResidualBlockImpl : public nn::Module {
 public:
  explicit ResidualBlockImpl(int64_t channels)
      : conv_block_(register_module(
            "conv_block",
            nn::Sequential(PadOnGpu(), zero_conv(PaddedConv3x3(1), channels, channels),
                           InstanceNorm(kReluSlope), in_neighbour(), PadOnGpu(),
                           zero_conv(PaddedConv3x3(1), channels, channels),
                           InstanceNorm(kIdentitySlope)))) {}

  at::Tensor forward(const at::Tensor& x) { return x + conv_block_->forward(x); }

 private:
  nn::Sequential conv_block_;
};
TORCH_MODULE(ResidualBlock);

class ResnetGenerator final : public Generator, public nn::Module {
 public:
  ResnetGenerator(int64_t width, int64_t blocks)
      : model_(register_module("model", nn::Sequential())) {
    add(ReflectionPad(3), zero_conv(FirstConv2d(1, 1, 7), 3, width), InstanceNorm(kReluSlope),
        in_neighbour());
    add(conv(width, 2 * width, 3, 2, 1), InstanceNorm(kReluSlope), in_neighbour());
    add(conv(2 * width, 4 * width, 3, 2, 1), InstanceNorm(kReluSlope), in_neighbour());
    for (int64_t block = 0; block < blocks; ++block) {
      add(ResidualBlock(4 * width));
    }
    add(double_size(4 * width, 2 * width), InstanceNorm(kReluSlope), in_neighbour());
    add(double_size(2 * width, width), InstanceNorm(kReluSlope), in_neighbour());
    add(ReflectionPad(3), zero_conv(LastConv2d(1, 1, 7), width, 3), nn::Tanh());
  }

  nn::Module& module() override { return *this; }
  at::Tensor forward(const at::Tensor& images) override {
    return from_network(model_->forward(to_network(images)));
  }

 private:
  template <typename... Layers>
  void add(Layers... layers) {
    (model_->push_back(layers), ...);
  }

  nn::Sequential model_;
};

}  // namespace

std::shared_ptr<Generator> make_resnet_generator(int64_t width, int64_t blocks) {
  return std::make_shared<ResnetGenerator>(width, blocks);
}

}  // namespace scgan
