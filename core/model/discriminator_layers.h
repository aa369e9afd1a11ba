// The layers that discriminators are made of, in the styles that a ModelSpec can ask for. As
// AnyModule, so that the layers of one place have one type whatever the style.
#pragma once

#include <torch/nn/modules/container/any.h>

#include <cstdint>

#include "core/model/spectral_conv.h"
#include "core/spec/run_spec.h"

namespace scgan {

inline constexpr ConvShape kPointwise{.kernel = 1, .stride = 1, .padding = 0};
inline constexpr ConvShape kSameSize{.kernel = 3, .stride = 1, .padding = 1};
inline constexpr ConvShape kHalfSize{.kernel = 4, .stride = 2, .padding = 1};
inline constexpr ConvShape kWhole4x4{.kernel = 4, .stride = 1, .padding = 0};

// How the layers of FastGAN's discriminator are normalised; the defaults are the published ones.
struct LayerStyle {
  Norm norm = Norm::kBatch;  // not kAuto
  bool spectral_norm = true;
};

// A convolution without bias: under spectral norm (weight_orig, weight_u, weight_v), or a plain one
// (weight).
torch::nn::AnyModule conv_layer(int64_t in, int64_t out, ConvShape shape, const LayerStyle& style);

// Batch norm with scale and shift, instance norm without any parameters, or the identity, which
// keeps the positions of the layers behind it. `norm` is not kAuto.
torch::nn::AnyModule norm_layer(int64_t channels, Norm norm);

// LeakyReLU 0.2.
torch::nn::AnyModule leaky_relu();

}  // namespace scgan
