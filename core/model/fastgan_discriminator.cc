#include "core/model/fastgan_discriminator.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <torch/nn/modules.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/model/arithmetic.h"
#include "core/model/discriminator_layers.h"
#include "core/model/fastgan_blocks.h"
#include "core/model/spectral_group.h"

namespace scgan {
namespace {

namespace nn = torch::nn;

// Numbers of channels: those of the published network, scaled by width / 64.
class Channels {
 public:
  explicit Channels(int64_t width) : width_(width) {}
  int64_t operator()(int64_t published) const {
    return std::max<int64_t>(4, published * width_ / 64);
  }
  // Of the big trunk's map of size x size: 16 at 256 px, 32 at 128 px, ..., 512 at 8 px.
  int64_t big(int64_t size) const { return (*this)(int64_t{16} * 256 / size); }
  // Of the small branch's map: 32 at 64 px, 64 at 32 px, 128 at 16 px, 256 at 8 px.
  int64_t small(int64_t size) const { return (*this)(int64_t{32} * 64 / size); }

 private:
  int64_t width_;
};

// The shape that a ModelSpec describes, with auto and 0 resolved.
struct FastGanShape {
  FastGanShape(const ModelSpec& spec, int64_t image_size);
  bool has_decoder(std::string_view name) const { return std::ranges::count(decoders, name) > 0; }

  int64_t width;
  int64_t image_size;
  LayerStyle style;
  bool small_branch;
  bool gates;
  std::vector<std::string> decoders;
  int64_t decoder_blocks;
  int64_t part_size;
};

FastGanShape::FastGanShape(const ModelSpec& spec, int64_t size)
    : width(spec.discriminator_width),
      image_size(size),
      style{spec.d_norm == Norm::kAuto ? Norm::kBatch : spec.d_norm,
            spec.d_spectral_norm != Switch::kOff},
      small_branch(spec.d_small_branch),
      gates(spec.d_se),
      decoders(spec.decoders),
      decoder_blocks(spec.decoder_blocks != 0 ? spec.decoder_blocks : (size >= 128 ? 4 : 3)),
      part_size(spec.part_size) {}

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ErrorKind::kInvalidSpec, "The fastgan discriminator " + why);
}

void check(const FastGanShape& shape) {
  constexpr std::array<int64_t, 4> kPartSizes = {2, 4, 8, 16};
  constexpr std::array<std::string_view, 3> kDecoders = {"big", "part", "small"};
  if (!std::ranges::count(kImageSizes, shape.image_size)) {
    refuse("takes images of 64, 128, 256, 512 or 1024 px, but data.image_size is " +
           std::to_string(shape.image_size) + ".");
  }
  if (!std::ranges::count(kPartSizes, shape.part_size)) {
    refuse("reconstructs windows of 2, 4, 8 or 16 cells, but model.part_size is " +
           std::to_string(shape.part_size) + ".");
  }
  if (shape.decoder_blocks < 1 || shape.decoder_blocks > 5) {
    refuse("has decoders of 1 to 5 up-blocks, but model.decoder_blocks is " +
           std::to_string(shape.decoder_blocks) + ".");
  }
  for (const std::string& name : shape.decoders) {
    if (!std::ranges::count(kDecoders, name)) {
      refuse("has the decoders big, part and small, but model.decoders names " + name + ".");
    }
  }
  if (shape.has_decoder("small") && !shape.small_branch) {
    refuse(
        "has no small branch for the decoder small: remove it from model.decoders, or set "
        "model.d_small_branch: true.");
  }
}

// The layers of `network` with spectral norm, outside of the decoders or everywhere.
std::vector<SpectralConv2dImpl*> spectral_layers(const nn::Module& network, bool in_decoders) {
  std::vector<SpectralConv2dImpl*> layers;
  for (const auto& child : network.named_children()) {
    if (child.key().starts_with("decoder_") && !in_decoders) continue;
    for (const auto& layer : child.value()->modules()) {
      if (auto* spectral = layer->as<SpectralConv2dImpl>()) layers.push_back(spectral);
    }
  }
  return layers;
}

class FastGanDiscriminator final : public Discriminator, public nn::Module {
 public:
  explicit FastGanDiscriminator(const FastGanShape& shape);

  nn::Module& module() override { return *this; }
  at::Tensor logits(const at::Tensor& images) override {
    without_decoders_->prepare();
    return score(extract(to_network(images)));
  }
  RealOutput discriminate_real(const at::Tensor& images, const PartWindow& window) override;

 private:
  struct Features {
    // [N, big(16), 16, 16] and [N, big(8), 8, 8], after their gates.
    at::Tensor map16, map8;
    // [N, small(8), 8, 8]; undefined without the small branch.
    at::Tensor small;
  };
  // A stage of the big trunk: halves the map, then gates it with the map of three stages before, if
  // there is one.
  struct Stage {
    DownBlockComp down;
    SkipExcitation gate{nullptr};
  };

  void build_stem();
  void build_trunk();
  void build_small_branch();
  void build_decoders();

  Features extract(const at::Tensor& images);
  at::Tensor score(const Features& features);
  std::vector<Reconstruction> reconstruct(const at::Tensor& images, const Features& features,
                                          const PartWindow& window);

  nn::AnyModule conv(int64_t in, int64_t out, ConvShape shape) const {
    return conv_layer(in, out, shape, shape_.style);
  }
  nn::AnyModule norm(int64_t channels) const { return norm_layer(channels, shape_.style.norm); }

  const FastGanShape shape_;
  const Channels channels_;
  // Of the stem's map: 256, or the image size if smaller.
  const int64_t trunk_size_;
  // Of the small branch's input: 128, or the image size if smaller.
  const int64_t small_size_;
  // Of the decoders' output: 8 * 2^blocks.
  const int64_t reconstruction_size_;
  nn::Sequential down_from_big_{nullptr};
  std::vector<Stage> stages_;
  nn::Sequential rf_big_{nullptr};
  nn::Sequential down_from_small_{nullptr};
  nn::AnyModule rf_small_;
  // Null when not in use.
  SimpleDecoder decoder_big_{nullptr};
  SimpleDecoder decoder_part_{nullptr};
  SimpleDecoder decoder_small_{nullptr};
  // The layers of logits() and of discriminate_real().
  std::optional<SpectralGroup> without_decoders_, with_decoders_;
};

FastGanDiscriminator::FastGanDiscriminator(const FastGanShape& shape)
    : shape_(shape),
      channels_(shape.width),
      trunk_size_(std::min<int64_t>(256, shape.image_size)),
      small_size_(std::min<int64_t>(128, shape.image_size)),
      reconstruction_size_(8 << shape.decoder_blocks) {
  build_stem();
  build_trunk();
  if (shape_.small_branch) build_small_branch();
  build_decoders();
  without_decoders_.emplace(spectral_layers(*this, false));
  with_decoders_.emplace(spectral_layers(*this, true));
}

// Reduces images of 256 px and more to a map of 256 x 256. Smaller images keep their size.
void FastGanDiscriminator::build_stem() {
  const int64_t image_size = shape_.image_size;
  const int64_t out = channels_.big(trunk_size_);
  nn::Sequential stem;
  if (image_size == 1024) {
    stem->push_back(conv(3, channels_(8), kHalfSize));
    stem->push_back(leaky_relu());
    stem->push_back(conv(channels_(8), out, kHalfSize));
    stem->push_back(norm(out));
  } else {
    stem->push_back(conv(3, out, image_size == 512 ? kHalfSize : kSameSize));
  }
  stem->push_back(leaky_relu());
  down_from_big_ = register_module("down_from_big", stem);
}

// Names hold the factor from 512 px to the size of the map: down_4 has 128 px, down_64 has 8 px.
void FastGanDiscriminator::build_trunk() {
  for (int64_t size = trunk_size_ / 2; size >= 8; size /= 2) {
    const int64_t factor = 512 / size;
    const int64_t out = channels_.big(size);
    Stage stage{DownBlockComp(channels_.big(2 * size), out, shape_.style)};
    register_module("down_" + std::to_string(factor), stage.down);
    if (const int64_t low_size = 8 * size; shape_.gates && low_size <= trunk_size_) {
      stage.gate = SkipExcitation(channels_.big(low_size), out, low_size, shape_.style);
      register_module("se_" + std::to_string(factor / 8) + "_" + std::to_string(factor),
                      stage.gate);
    }
    stages_.push_back(std::move(stage));
  }
  const int64_t head = channels_(1024);
  rf_big_ =
      register_module("rf_big", nn::Sequential(conv(channels_.big(8), head, kPointwise), norm(head),
                                               leaky_relu(), conv(head, 1, kWhole4x4)));
}

void FastGanDiscriminator::build_small_branch() {
  int64_t size = small_size_ / 2;
  nn::Sequential branch(conv(3, channels_.small(size), kHalfSize), leaky_relu());
  for (; size > 8; size /= 2) {
    branch->push_back(DownBlock(channels_.small(size), channels_.small(size / 2), shape_.style));
  }
  down_from_small_ = register_module("down_from_small", branch);
  rf_small_ = conv(channels_.small(8), 1, kWhole4x4);
  register_module("rf_small", rf_small_.ptr());
}

void FastGanDiscriminator::build_decoders() {
  std::vector<int64_t> widths = {channels_(128), channels_(64), channels_(64), channels_(32),
                                 channels_(32)};
  widths.resize(static_cast<size_t>(shape_.decoder_blocks));
  const auto decoder = [&](const std::string& name, int64_t in) -> SimpleDecoder {
    if (!shape_.has_decoder(name)) return SimpleDecoder(nullptr);
    return register_module("decoder_" + name, SimpleDecoder(in, widths, shape_.style));
  };
  decoder_big_ = decoder("big", channels_.big(8));
  decoder_part_ = decoder("part", channels_.big(16));
  decoder_small_ = decoder("small", channels_.small(8));
}

FastGanDiscriminator::Features FastGanDiscriminator::extract(const at::Tensor& images) {
  std::vector<at::Tensor> maps = {down_from_big_->forward(images)};
  for (Stage& stage : stages_) {
    auto map = stage.down->forward(maps.back());
    if (!stage.gate.is_empty()) {
      map = stage.gate->forward(maps[maps.size() - 3], map);
    }
    maps.push_back(map);
  }
  Features features{maps[maps.size() - 2], maps.back(), {}};
  if (shape_.small_branch) {
    features.small = down_from_small_->forward(resize_nearest(images, small_size_));
  }
  return features;
}

at::Tensor FastGanDiscriminator::score(const Features& features) {
  at::Tensor big = from_network(rf_big_->forward(features.map8)).flatten();
  if (!shape_.small_branch) return big;
  return at::cat({big, from_network(rf_small_.forward(features.small)).flatten()});
}

std::vector<Reconstruction> FastGanDiscriminator::reconstruct(const at::Tensor& images,
                                                              const Features& features,
                                                              const PartWindow& window) {
  std::vector<Reconstruction> reconstructions;
  const auto add = [&](std::string_view name, SimpleDecoder& decoder, const at::Tensor& seen,
                       const at::Tensor& target) {
    reconstructions.push_back(
        {name, from_network(decoder->forward(seen)), resize_nearest(target, reconstruction_size_)});
  };
  const int64_t size = shape_.part_size;
  if (decoder_big_) add("big", decoder_big_, features.map8, images);
  if (decoder_part_) {
    add("part", decoder_part_, map_window(features.map16, window, size),
        image_window(images, window, size));
  }
  if (decoder_small_) add("small", decoder_small_, features.small, images);
  return reconstructions;
}

Discriminator::RealOutput FastGanDiscriminator::discriminate_real(const at::Tensor& images,
                                                                  const PartWindow& window) {
  with_decoders_->prepare();
  const Features features = extract(to_network(images));
  at::Tensor logits = score(features);
  return {std::move(logits), reconstruct(images, features, window)};
}

}  // namespace

std::shared_ptr<Discriminator> make_fastgan_discriminator(const ModelSpec& spec,
                                                          int64_t image_size) {
  const FastGanShape shape(spec, image_size);
  check(shape);
  return std::make_shared<FastGanDiscriminator>(shape);
}

}  // namespace scgan
