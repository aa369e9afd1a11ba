#include "core/model/ssl_blocks.h"

#include <torch/nn/modules.h>
#include <torch/types.h>

#include "core/model/spectral_conv.h"

namespace scgan {
namespace {

namespace nn = torch::nn;

constexpr ConvShape kPointwise{.kernel = 1, .stride = 1, .padding = 0};
constexpr ConvShape kSameSize{.kernel = 3, .stride = 1, .padding = 1};
constexpr ConvShape kHalfSize{.kernel = 4, .stride = 2, .padding = 1};
constexpr ConvShape kWhole4x4{.kernel = 4, .stride = 1, .padding = 0};

nn::LeakyReLU leaky_relu() {
  return nn::LeakyReLU(nn::LeakyReLUOptions().negative_slope(0.2).inplace(true));
}

// Doubles height and width: nearest neighbour, convolution, batch norm, gated linear unit.
class UpBlockImpl : public nn::Module {
 public:
  UpBlockImpl(int64_t in, int64_t out)
      : conv_(register_module("1", SpectralConv2d(in, 2 * out, kSameSize))),
        norm_(register_module("2", nn::BatchNorm2d(2 * out))) {}

  at::Tensor forward(const at::Tensor& x) {
    return torch::glu(norm_->forward(conv_->forward(resize_nearest(x, 2 * x.size(2)))), 1);
  }

 private:
  SpectralConv2d conv_;
  nn::BatchNorm2d norm_;
};
TORCH_MODULE(UpBlock);

}  // namespace

at::Tensor resize_nearest(const at::Tensor& images, int64_t size) {
  const int64_t from = images.size(2);
  if (from == size) {
    return images;
  }
  if (from < size) {
    return torch::upsample_nearest2d(images, {size, size});
  }
  const int64_t step = from / size;
  return images.slice(2, 0, from, step).slice(3, 0, from, step);
}

DownBlockImpl::DownBlockImpl(int64_t in, int64_t out)
    : main_(register_module("main", nn::Sequential(SpectralConv2d(in, out, kHalfSize),
                                                   nn::BatchNorm2d(out), leaky_relu()))) {}

DownBlockCompImpl::DownBlockCompImpl(int64_t in, int64_t out)
    : main_(register_module(
          "main",
          nn::Sequential(SpectralConv2d(in, out, kHalfSize), nn::BatchNorm2d(out), leaky_relu(),
                         SpectralConv2d(out, out, kSameSize), nn::BatchNorm2d(out), leaky_relu()))),
      direct_(register_module("direct",
                              nn::Sequential(nn::AvgPool2d(2), SpectralConv2d(in, out, kPointwise),
                                             nn::BatchNorm2d(out), leaky_relu()))) {}

// The published adaptive pool to 4 x 4 is this average pool wherever it is used, and has no
// deterministic backward on CUDA.
SkipExcitationImpl::SkipExcitationImpl(int64_t in, int64_t out, int64_t low_size)
    : main_(register_module(
          "main",
          nn::Sequential(nn::AvgPool2d(low_size / 4), SpectralConv2d(in, out, kWhole4x4),
                         nn::SiLU(), SpectralConv2d(out, out, kPointwise), nn::Sigmoid()))) {}

SimpleDecoderImpl::SimpleDecoderImpl(int64_t in, const std::vector<int64_t>& channels)
    : main_(register_module("main", nn::Sequential())) {
  main_->push_back(nn::Identity());  // the published adaptive pool to 8 x 8, of maps that are 8 x 8
  for (const int64_t out : channels) {
    main_->push_back(UpBlock(in, out));
    in = out;
  }
  main_->push_back(SpectralConv2d(in, 3, kSameSize));
  main_->push_back(nn::Tanh());
}

}  // namespace scgan
