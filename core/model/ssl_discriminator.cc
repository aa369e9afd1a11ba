#include "core/model/ssl_discriminator.h"

#include <torch/nn/modules.h>
#include <torch/types.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/model/spectral_conv.h"
#include "core/model/ssl_blocks.h"

namespace scgan {
namespace {

namespace nn = torch::nn;

constexpr ConvShape kPointwise{.kernel = 1, .stride = 1, .padding = 0};
constexpr ConvShape kSameSize{.kernel = 3, .stride = 1, .padding = 1};
constexpr ConvShape kHalfSize{.kernel = 4, .stride = 2, .padding = 1};
constexpr ConvShape kWhole4x4{.kernel = 4, .stride = 1, .padding = 0};

// Channels of the published network times width / 64.
class Channels {
 public:
  explicit Channels(int64_t width) : width_(width) {}
  int64_t operator()(int64_t published) const {
    return std::max<int64_t>(4, published * width_ / 64);
  }
  // Of the big trunk's map of size x size: 256 px 16, 128 px 32, ..., 8 px 512.
  int64_t big(int64_t size) const { return (*this)(16 * 256 / size); }
  // Of the small branch's map: 64 px 32, 32 px 64, 16 px 128, 8 px 256.
  int64_t small(int64_t size) const { return (*this)(32 * 64 / size); }

 private:
  int64_t width_;
};

nn::LeakyReLU leaky_relu() {
  return nn::LeakyReLU(nn::LeakyReLUOptions().negative_slope(0.2).inplace(true));
}

// The quadrant 0 ... 3 of square maps: top-left, top-right, bottom-left, bottom-right.
at::Tensor quadrant(const at::Tensor& maps, int part) {
  const int64_t half = maps.size(2) / 2;
  return maps.narrow(2, part / 2 * half, half).narrow(3, part % 2 * half, half);
}

class SslDiscriminator final : public Discriminator {
 public:
  SslDiscriminator(int64_t width, int64_t image_size);

  at::Tensor logits(const at::Tensor& images) override { return judge(extract(images)); }
  Judgement judge_real(const at::Tensor& images, int part) override;

 private:
  struct Features {
    at::Tensor map16;  // [N, big(16), 16, 16], after its gate
    at::Tensor map8;   // [N, big(8), 8, 8], after its gate
    at::Tensor small;  // [N, small(8), 8, 8]
  };
  // A stage of the big trunk: halves the map, then gates it by the map three stages before, where
  // there is one.
  struct Stage {
    DownBlockComp down;
    SkipExcitation gate{nullptr};
  };

  void build_stem(const Channels& channels, int64_t image_size);
  void build_trunk(const Channels& channels);
  void build_small_branch(const Channels& channels);
  void build_decoders(const Channels& channels);

  Features extract(const at::Tensor& images);
  at::Tensor judge(const Features& features);
  at::Tensor reconstruction(const at::Tensor& images, const Features& features, int part);

  int64_t trunk_size_;  // of the stem's map: 256, or the image's own size below
  int64_t small_size_;  // what the small branch sees and the decoders rebuild: 128, or the image's
                        // own size below
  nn::Sequential down_from_big_{nullptr};
  std::vector<Stage> stages_;
  nn::Sequential rf_big_{nullptr};
  nn::Sequential down_from_small_{nullptr};
  SpectralConv2d rf_small_{nullptr};
  SimpleDecoder decoder_big_{nullptr};
  SimpleDecoder decoder_part_{nullptr};
  SimpleDecoder decoder_small_{nullptr};
};

SslDiscriminator::SslDiscriminator(int64_t width, int64_t image_size)
    : trunk_size_(std::min<int64_t>(256, image_size)),
      small_size_(std::min<int64_t>(128, image_size)) {
  const Channels channels(width);
  build_stem(channels, image_size);
  build_trunk(channels);
  build_small_branch(channels);
  build_decoders(channels);
}

// Brings images of every size from 256 px on to the same map of 256 x 256; smaller ones keep their
// size.
void SslDiscriminator::build_stem(const Channels& channels, int64_t image_size) {
  const int64_t out = channels.big(trunk_size_);
  nn::Sequential stem;
  if (image_size == 1024) {
    stem->push_back(SpectralConv2d(3, channels(8), kHalfSize));
    stem->push_back(leaky_relu());
    stem->push_back(SpectralConv2d(channels(8), out, kHalfSize));
    stem->push_back(nn::BatchNorm2d(out));
  } else {
    stem->push_back(SpectralConv2d(3, out, image_size == 512 ? kHalfSize : kSameSize));
  }
  stem->push_back(leaky_relu());
  down_from_big_ = register_module("down_from_big", stem);
}

// Names count how often 512 px are halved until the map: down_4 ends at 128 px, down_64 at 8 px.
void SslDiscriminator::build_trunk(const Channels& channels) {
  for (int64_t size = trunk_size_ / 2; size >= 8; size /= 2) {
    const int64_t factor = 512 / size;
    Stage stage{DownBlockComp(channels.big(2 * size), channels.big(size))};
    register_module("down_" + std::to_string(factor), stage.down);
    if (const int64_t low_size = 8 * size; low_size <= trunk_size_) {
      stage.gate = SkipExcitation(channels.big(low_size), channels.big(size), low_size);
      register_module("se_" + std::to_string(factor / 8) + "_" + std::to_string(factor),
                      stage.gate);
    }
    stages_.push_back(std::move(stage));
  }
  const int64_t head = channels(1024);
  rf_big_ =
      register_module("rf_big", nn::Sequential(SpectralConv2d(channels.big(8), head, kPointwise),
                                               nn::BatchNorm2d(head), leaky_relu(),
                                               SpectralConv2d(head, 1, kWhole4x4)));
}

void SslDiscriminator::build_small_branch(const Channels& channels) {
  int64_t size = small_size_ / 2;
  nn::Sequential branch(SpectralConv2d(3, channels.small(size), kHalfSize), leaky_relu());
  for (; size > 8; size /= 2) {
    branch->push_back(DownBlock(channels.small(size), channels.small(size / 2)));
  }
  down_from_small_ = register_module("down_from_small", branch);
  rf_small_ = register_module("rf_small", SpectralConv2d(channels.small(8), 1, kWhole4x4));
}

void SslDiscriminator::build_decoders(const Channels& channels) {
  std::vector<int64_t> widths = {channels(128), channels(64), channels(64)};
  if (small_size_ == 128) {
    widths.push_back(channels(32));
  }
  decoder_big_ = register_module("decoder_big", SimpleDecoder(channels.big(8), widths));
  decoder_part_ = register_module("decoder_part", SimpleDecoder(channels.big(16), widths));
  decoder_small_ = register_module("decoder_small", SimpleDecoder(channels.small(8), widths));
}

SslDiscriminator::Features SslDiscriminator::extract(const at::Tensor& images) {
  std::vector<at::Tensor> maps = {down_from_big_->forward(images)};
  for (Stage& stage : stages_) {
    auto map = stage.down->forward(maps.back());
    if (!stage.gate.is_empty()) {
      map = stage.gate->forward(maps[maps.size() - 3], map);
    }
    maps.push_back(map);
  }
  return {maps[maps.size() - 2], maps.back(),
          down_from_small_->forward(resize_nearest(images, small_size_))};
}

at::Tensor SslDiscriminator::judge(const Features& features) {
  return torch::cat(
      {rf_big_->forward(features.map8).flatten(), rf_small_->forward(features.small).flatten()});
}

at::Tensor SslDiscriminator::reconstruction(const at::Tensor& images, const Features& features,
                                            int part) {
  const auto whole = resize_nearest(images, small_size_);
  const auto piece = resize_nearest(quadrant(images, part), small_size_);
  return torch::mse_loss(decoder_big_->forward(features.map8), whole) +
         torch::mse_loss(decoder_part_->forward(quadrant(features.map16, part)), piece) +
         torch::mse_loss(decoder_small_->forward(features.small), whole);
}

Discriminator::Judgement SslDiscriminator::judge_real(const at::Tensor& images, int part) {
  const Features features = extract(images);
  return {judge(features), reconstruction(images, features, part)};
}

}  // namespace

std::shared_ptr<Discriminator> make_ssl_discriminator(int64_t width, int64_t image_size) {
  constexpr int64_t kSizes[] = {64, 128, 256, 512, 1024};
  if (std::ranges::find(kSizes, image_size) == std::end(kSizes)) {
    throw Error(ErrorKind::kInvalidSpec,
                "The fastgan discriminator takes images of 64, 128, 256, 512 or 1024 px, "
                "data.image_size is " +
                    std::to_string(image_size) + ".");
  }
  return std::make_shared<SslDiscriminator>(width, image_size);
}

}  // namespace scgan
