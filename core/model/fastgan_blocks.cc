#include "core/model/fastgan_blocks.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/glu.h>
#include <ATen/ops/upsample_nearest2d.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/nn/modules.h>

#include "core/model/arithmetic.h"

namespace scgan {
namespace {

namespace nn = torch::nn;

namespace autograd = torch::autograd;

// For channels_last. LibTorch's own function is slow there on CPUs, since it does not vectorise the
// sigmoid, and on GPUs its backward pass returns the default format.
class ChannelsLastGlu : public autograd::Function<ChannelsLastGlu> {
 public:
  static at::Tensor forward(autograd::AutogradContext* context, const at::Tensor& x) {
    const int64_t half = x.size(1) / 2;
    const at::Tensor gate =
        x.narrow(1, half, half).contiguous(at::MemoryFormat::ChannelsLast).sigmoid_();
    context->save_for_backward({x, gate});
    return x.narrow(1, 0, half) * gate;
  }

  static autograd::variable_list backward(autograd::AutogradContext* context,
                                          const autograd::variable_list& gradients) {
    const autograd::variable_list saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor& gate = saved[1];
    const int64_t half = x.size(1) / 2;
    at::Tensor dx = at::empty_like(x);
    const at::Tensor of_value = gradients[0] * gate;
    dx.narrow(1, 0, half).copy_(of_value);
    dx.narrow(1, half, half).copy_((1 - gate).mul_(of_value).mul_(x.narrow(1, 0, half)));
    return {dx};
  }
};

// Gated linear unit (Dauphin, Fan, Auli, Grangier 2017): the first half of the channels, each
// multiplied by the sigmoid of one of the second half.
at::Tensor gated_linear_unit(const at::Tensor& x) {
  return x.is_cpu() || is_channels_last(x) ? ChannelsLastGlu::apply(x) : at::glu(x, 1);
}

// Doubles height and width: nearest neighbour, convolution, norm, gated linear unit.
class UpBlockImpl : public nn::Module {
 public:
  UpBlockImpl(int64_t in, int64_t out, const LayerStyle& style)
      : conv_(conv_layer(in, 2 * out, kDoubleSize, style)), norm_(norm_layer(2 * out, style.norm)) {
    register_module("1", conv_.ptr());
    register_module("2", norm_.ptr());
  }

  at::Tensor forward(const at::Tensor& x) {
    return gated_linear_unit(norm_.forward(conv_.forward(x)));
  }

 private:
  nn::AnyModule conv_;
  nn::AnyModule norm_;
};
TORCH_MODULE(UpBlock);

}  // namespace

at::Tensor resize_nearest(const at::Tensor& images, int64_t size) {
  const int64_t from = images.size(2);
  if (from == size) {
    return images;
  }
  if (from < size) {
    return at::upsample_nearest2d(images, {size, size});
  }
  const int64_t step = from / size;
  return images.slice(2, 0, from, step).slice(3, 0, from, step);
}

DownBlockImpl::DownBlockImpl(int64_t in, int64_t out, const LayerStyle& style)
    : main_(register_module("main", nn::Sequential(conv_layer(in, out, kHalfSize, style),
                                                   norm_layer(out, style.norm), leaky_relu()))) {}

DownBlockCompImpl::DownBlockCompImpl(int64_t in, int64_t out, const LayerStyle& style)
    : main_(register_module(
          "main", nn::Sequential(conv_layer(in, out, kHalfSize, style), norm_layer(out, style.norm),
                                 leaky_relu(), conv_layer(out, out, kSameSize, style),
                                 norm_layer(out, style.norm), leaky_relu()))),
      direct_(register_module(
          "direct", nn::Sequential(nn::AvgPool2d(2), conv_layer(in, out, kPointwise, style),
                                   norm_layer(out, style.norm), leaky_relu()))) {}

// The published code has an adaptive pool to 4 x 4, which equals this average pool for all sizes in
// use but has no deterministic backward pass on CUDA.
SkipExcitationImpl::SkipExcitationImpl(int64_t in, int64_t out, int64_t low_size,
                                       const LayerStyle& style)
    : main_(register_module(
          "main",
          nn::Sequential(nn::AvgPool2d(low_size / 4), conv_layer(in, out, kWhole4x4, style),
                         nn::SiLU(), conv_layer(out, out, kPointwise, style), nn::Sigmoid()))) {}

SimpleDecoderImpl::SimpleDecoderImpl(int64_t in, const std::vector<int64_t>& channels,
                                     const LayerStyle& style)
    : main_(register_module("main", nn::Sequential())) {
  // Replaces the published adaptive pool to 8 x 8, which does nothing to maps of 8 x 8.
  main_->push_back(nn::Identity());
  for (const int64_t out : channels) {
    main_->push_back(UpBlock(in, out, style));
    in = out;
  }
  main_->push_back(conv_layer(in, 3, kSameSize, style));
  main_->push_back(nn::Tanh());
}

}  // namespace scgan
