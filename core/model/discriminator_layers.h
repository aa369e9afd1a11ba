// The layers of discriminators, in the styles of a ModelSpec. Functions return AnyModule, so that a
// layer has the same type in every style.
#pragma once

#include <torch/nn/modules/container/any.h>

#include <cstdint>

#include "core/model/spectral_conv.h"
#include "core/spec/run_spec.h"

namespace scgan {

inline constexpr ConvShape kPointwise{.kernel = 1, .stride = 1, .padding = 0};
inline constexpr ConvShape kSameSize{.kernel = 3, .stride = 1, .padding = 1};
inline constexpr ConvShape kDoubleSize{.kernel = 3, .stride = 1, .padding = 1, .doubled = true};
inline constexpr ConvShape kHalfSize{.kernel = 4, .stride = 2, .padding = 1};
inline constexpr ConvShape kWhole4x4{.kernel = 4, .stride = 1, .padding = 0};

// The normalisation of the layers of FastGAN's discriminator; the defaults are the published ones.
struct LayerStyle {
  // Not kAuto.
  Norm norm = Norm::kBatch;
  bool spectral_norm = true;
};

// A convolution without bias: with spectral norm (weight_orig, weight_u, weight_v) or without
// (weight).
torch::nn::AnyModule conv_layer(int64_t in, int64_t out, ConvShape shape, const LayerStyle& style);

// Batch norm with scale and shift, instance norm without parameters, or the identity, which keeps
// the numbering of the layers that follow. `norm` must not be kAuto.
torch::nn::AnyModule norm_layer(int64_t channels, Norm norm);

// LeakyReLU 0.2.
torch::nn::AnyModule leaky_relu();

}  // namespace scgan
