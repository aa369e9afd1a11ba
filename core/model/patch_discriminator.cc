#include "core/model/patch_discriminator.h"

#include <torch/nn/modules.h>
#include <torch/types.h>

namespace scgan {
namespace {

namespace nn = torch::nn;

// Every convolution has a bias: the published rule gives one wherever the norm is instance norm.
nn::Conv2d conv(int64_t in, int64_t out, int64_t stride) {
  return nn::Conv2d(nn::Conv2dOptions(in, out, 4).stride(stride).padding(1));
}

nn::InstanceNorm2d norm(int64_t channels) {
  return nn::InstanceNorm2d(
      nn::InstanceNorm2dOptions(channels).affine(false).track_running_stats(false));
}

nn::LeakyReLU leaky_relu() {
  return nn::LeakyReLU(nn::LeakyReLUOptions().negative_slope(0.2).inplace(true));
}

class PatchDiscriminator final : public Discriminator {
 public:
  explicit PatchDiscriminator(int64_t width)
      : model_(register_module(
            "model",
            nn::Sequential(conv(3, width, 2), leaky_relu(),                               //
                           conv(width, 2 * width, 2), norm(2 * width), leaky_relu(),      //
                           conv(2 * width, 4 * width, 2), norm(4 * width), leaky_relu(),  //
                           conv(4 * width, 8 * width, 1), norm(8 * width), leaky_relu(),  //
                           conv(8 * width, 1, 1)))) {}

  at::Tensor logits(const at::Tensor& images) override { return model_->forward(images); }

  Judgement judge_real(const at::Tensor& images, int /*part*/) override {
    return {logits(images), at::Tensor()};
  }

 private:
  nn::Sequential model_;
};

}  // namespace

std::shared_ptr<Discriminator> make_patch_discriminator(int64_t width) {
  return std::make_shared<PatchDiscriminator>(width);
}

}  // namespace scgan
