#include "core/model/patch_discriminator.h"

#include <torch/nn/modules.h>

#include "core/base/error.h"
#include "core/model/arithmetic.h"
#include "core/model/conv_layers.h"
#include "core/model/discriminator_layers.h"

namespace scgan {
namespace {

namespace nn = torch::nn;

TypedConv2d conv(int64_t in, int64_t out, int64_t stride, bool bias) {
  return zero_conv(TypedConv2d(nn::Conv2dOptions(1, 1, 4).stride(stride).padding(1).bias(bias)), in,
                   out);
}

class PatchDiscriminator final : public Discriminator, public nn::Module {
 public:
  PatchDiscriminator(int64_t width, Norm norm)
      : model_(register_module("model", nn::Sequential())) {
    const bool bias = norm == Norm::kInstance;
    model_->push_back(conv(3, width, 2, true));
    model_->push_back(leaky_relu());
    for (const int64_t in : {width, 2 * width, 4 * width}) {
      model_->push_back(conv(in, 2 * in, in < 4 * width ? 2 : 1, bias));
      model_->push_back(norm_layer(2 * in, norm));
      model_->push_back(leaky_relu());
    }
    model_->push_back(conv(8 * width, 1, 1, true));
  }

  nn::Module& module() override { return *this; }
  at::Tensor logits(const at::Tensor& images) override {
    return from_network(model_->forward(to_network(images)));
  }

  RealOutput discriminate_real(const at::Tensor& images, const PartWindow& /*window*/) override {
    return {logits(images), {}};
  }

 private:
  nn::Sequential model_;
};

}  // namespace

std::shared_ptr<Discriminator> make_patch_discriminator(const ModelSpec& spec) {
  if (spec.d_spectral_norm == Switch::kOn) {
    throw Error(ErrorKind::kInvalidSpec,
                "The patch discriminator has no spectral norm: model.d_spectral_norm must be off "
                "or auto.");
  }
  const Norm norm = spec.d_norm == Norm::kAuto ? Norm::kInstance : spec.d_norm;
  return std::make_shared<PatchDiscriminator>(spec.discriminator_width, norm);
}

}  // namespace scgan
