#include "core/model/discriminator_layers.h"

#include <torch/nn/modules.h>

#include <stdexcept>

#include "core/model/conv_layers.h"
#include "core/model/norm.h"

namespace scgan {

namespace nn = torch::nn;

namespace {

class PlainConv2dImpl : public nn::Conv2dImpl {
 public:
  PlainConv2dImpl(int64_t in, int64_t out, ConvShape shape)
      : Conv2dImpl(nn::Conv2dOptions(in, out, shape.kernel).bias(false)), shape_(shape) {}
  at::Tensor forward(const at::Tensor& x) { return convolve(x, weight, shape_); }

 private:
  ConvShape shape_;
};
TORCH_MODULE(PlainConv2d);

}  // namespace

nn::AnyModule conv_layer(int64_t in, int64_t out, ConvShape shape, const LayerStyle& style) {
  if (style.spectral_norm) return nn::AnyModule(SpectralConv2d(in, out, shape));
  return nn::AnyModule(zero_conv(PlainConv2d(1, 1, shape), in, out));
}

nn::AnyModule norm_layer(int64_t channels, Norm norm) {
  switch (norm) {
    case Norm::kBatch:
      return nn::AnyModule(BatchNorm(channels, kIdentitySlope));
    case Norm::kInstance:
      return nn::AnyModule(InstanceNorm(kIdentitySlope));
    case Norm::kNone:
      return nn::AnyModule(nn::Identity());
    case Norm::kAuto:
      break;
  }
  throw std::logic_error("norm_layer() does not take Norm::kAuto");
}

nn::AnyModule leaky_relu() {
  return nn::AnyModule(nn::LeakyReLU(nn::LeakyReLUOptions().negative_slope(0.2).inplace(true)));
}

}  // namespace scgan
