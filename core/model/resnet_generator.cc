#include "core/model/resnet_generator.h"

#include <ATen/core/Tensor.h>
#include <torch/nn/modules.h>

#include "core/model/reflection_pad.h"
#include "core/model/row_conv.h"

namespace scgan {
namespace {

namespace nn = torch::nn;

nn::Conv2d conv(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t padding) {
  return nn::Conv2d(nn::Conv2dOptions(in, out, kernel).stride(stride).padding(padding));
}

nn::ConvTranspose2d double_size(int64_t in, int64_t out) {
  return nn::ConvTranspose2d(
      nn::ConvTranspose2dOptions(in, out, 3).stride(2).padding(1).output_padding(1));
}

// Without parameters and running statistics: the same in train and eval mode.
nn::InstanceNorm2d norm(int64_t channels) {
  return nn::InstanceNorm2d(
      nn::InstanceNorm2dOptions(channels).affine(false).track_running_stats(false));
}

// Not in place: instance norm returns a view, and autograd copies a view that is changed in place.
nn::ReLU relu() { return nn::ReLU(); }

class ResidualBlockImpl : public nn::Module {
 public:
  explicit ResidualBlockImpl(int64_t channels)
      : conv_block_(register_module(
            "conv_block", nn::Sequential(ReflectionPad(1), conv(channels, channels, 3, 1, 0),
                                         norm(channels), relu(), ReflectionPad(1),
                                         conv(channels, channels, 3, 1, 0), norm(channels)))) {}

  at::Tensor forward(const at::Tensor& x) { return x + conv_block_->forward(x); }

 private:
  nn::Sequential conv_block_;
};
TORCH_MODULE(ResidualBlock);

class ResnetGenerator final : public Generator, public nn::Module {
 public:
  ResnetGenerator(int64_t width, int64_t blocks)
      : model_(register_module("model", nn::Sequential())) {
    add(ReflectionPad(3), conv(3, width, 7, 1, 0), norm(width), relu());
    add(conv(width, 2 * width, 3, 2, 1), norm(2 * width), relu());
    add(conv(2 * width, 4 * width, 3, 2, 1), norm(4 * width), relu());
    for (int64_t block = 0; block < blocks; ++block) {
      add(ResidualBlock(4 * width));
    }
    add(double_size(4 * width, 2 * width), norm(2 * width), relu());
    add(double_size(2 * width, width), norm(width), relu());
    add(ReflectionPad(3), RowConv2d(width, 3, 7), nn::Tanh());
  }

  nn::Module& module() override { return *this; }
  at::Tensor forward(const at::Tensor& images) override { return model_->forward(images); }

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
