#include "core/features/random_conv_extractor.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>

#include <array>
#include <cmath>

#include "core/base/counter_rng.h"
#include "core/base/error.h"
#include "core/base/sha256.h"

namespace scgan {

RandomConvExtractor::RandomConvExtractor(c10::Device device) : device_(device) {
  constexpr std::array<int64_t, 4> kChannels{3, 32, 64, 128};
  const CounterRng draws(0, Purpose::kRandomConv);
  Sha256 hash;
  for (uint32_t layer = 0; layer + 1 < kChannels.size(); ++layer) {
    const int64_t in = kChannels[layer];
    at::Tensor weight = at::empty({kChannels[layer + 1], in, 3, 3}, at::kFloat);
    const double scale = std::sqrt(2.0 / static_cast<double>(in * 9));
    auto* out = weight.mutable_data_ptr<float>();
    for (int64_t i = 0; i < weight.numel(); ++i) {
      out[i] = static_cast<float>(scale * draws.normal(layer, static_cast<uint32_t>(i)));
    }
    hash.update(out, weight.nbytes());
    weights_.push_back(weight.to(device));
  }
  digest_ = hash.hex();
}

at::Tensor RandomConvExtractor::features(const at::Tensor& images) const {
  const at::NoGradGuard no_grad;
  if (images.dim() != 4 || images.size(1) != 3 || images.scalar_type() != at::kByte ||
      images.numel() == 0) {
    throw Error(ErrorKind::kData, "random_conv needs images uint8 [N, 3, H, W]");
  }
  // Contiguous, because another memory layout would use another kernel, with other bits.
  at::Tensor x = images.to(device_).contiguous().to(at::kFloat).div_(127.5).sub_(1);
  std::vector<at::Tensor> parts;
  for (const at::Tensor& weight : weights_) {
    x = at::conv2d(x, weight, {}, at::IntArrayRef{2, 2}, at::IntArrayRef{1, 1}).relu_();
    const at::Tensor pixels = x.flatten(2);
    parts.push_back(pixels.mean(2));
    parts.push_back(pixels.std(2, /*unbiased=*/false));
  }
  return at::cat(parts, 1).to(at::kCPU);
}

}  // namespace scgan
