// The building blocks of FastGAN's discriminator. Convolutions have no bias, and activations are
// LeakyReLU 0.2 unless stated otherwise. Submodule names are the published ones. LayerStyle sets
// norm and spectral norm; the published network has batch norm and spectral norm.
#pragma once

#include <torch/nn/modules/container/sequential.h>

#include <cstdint>
#include <vector>

#include "core/model/discriminator_layers.h"

namespace scgan {

// Resizes square images to size x size by nearest neighbour. One of the two sizes must be a
// multiple of the other.
at::Tensor resize_nearest(const at::Tensor& images, int64_t size);

// Halves height and width: convolution 4/2/1, norm, LeakyReLU.
class DownBlockImpl : public torch::nn::Module {
 public:
  DownBlockImpl(int64_t in, int64_t out, const LayerStyle& style);
  at::Tensor forward(const at::Tensor& x) { return main_->forward(x); }

 private:
  torch::nn::Sequential main_;
};
TORCH_MODULE(DownBlock);

// Halves height and width: the mean of a path of two convolutions and a pooled direct path.
class DownBlockCompImpl : public torch::nn::Module {
 public:
  DownBlockCompImpl(int64_t in, int64_t out, const LayerStyle& style);
  at::Tensor forward(const at::Tensor& x) { return (main_->forward(x) + direct_->forward(x)) / 2; }

 private:
  torch::nn::Sequential main_;
  torch::nn::Sequential direct_;
};
TORCH_MODULE(DownBlockComp);

// Skip-layer excitation: scales the channels of `high` by factors in (0, 1) computed from the
// earlier map `low` [N, in, low_size, low_size]. Has no norm.
class SkipExcitationImpl : public torch::nn::Module {
 public:
  SkipExcitationImpl(int64_t in, int64_t out, int64_t low_size, const LayerStyle& style);
  at::Tensor forward(const at::Tensor& low, const at::Tensor& high) {
    return high * main_->forward(low);
  }

 private:
  torch::nn::Sequential main_;
};
TORCH_MODULE(SkipExcitation);

// [N, in, 8, 8] -> images [N, 3, s, s] in [-1, 1], s = 8 * 2^channels.size(): one up-block per
// entry of `channels`, then a convolution to RGB and tanh.
class SimpleDecoderImpl : public torch::nn::Module {
 public:
  SimpleDecoderImpl(int64_t in, const std::vector<int64_t>& channels, const LayerStyle& style);
  at::Tensor forward(const at::Tensor& features) { return main_->forward(features); }

 private:
  torch::nn::Sequential main_;
};
TORCH_MODULE(SimpleDecoder);

}  // namespace scgan
