#include "core/model/discriminator_layers.h"

#include <torch/nn/modules.h>

#include <stdexcept>

namespace scgan {

namespace nn = torch::nn;

nn::AnyModule conv_layer(int64_t in, int64_t out, ConvShape shape, const LayerStyle& style) {
  if (style.spectral_norm) return nn::AnyModule(SpectralConv2d(in, out, shape));
  return nn::AnyModule(nn::Conv2d(nn::Conv2dOptions(in, out, shape.kernel)
                                      .stride(shape.stride)
                                      .padding(shape.padding)
                                      .bias(false)));
}

nn::AnyModule norm_layer(int64_t channels, Norm norm) {
  switch (norm) {
    case Norm::kBatch:
      return nn::AnyModule(nn::BatchNorm2d(channels));
    case Norm::kInstance:
      return nn::AnyModule(nn::InstanceNorm2d(
          nn::InstanceNorm2dOptions(channels).affine(false).track_running_stats(false)));
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
