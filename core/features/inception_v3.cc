#include "core/features/inception_v3.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/max_pool2d.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/error.h"

namespace scgan {
namespace {

using torch::nn::Module;

struct Kernel {
  int64_t height, width;
  int64_t stride = 1;
  bool padded = true;  // so that the image keeps its size
};
constexpr Kernel k1x1{1, 1}, k3x3{3, 3}, k5x5{5, 5}, k1x7{1, 7}, k7x1{7, 1}, k1x3{1, 3}, k3x1{3, 1};
constexpr Kernel kUnpadded3x3{3, 3, 1, false}, kHalving3x3{3, 3, 2, false};

// In place of torch::nn's modules, which would first fill all weights with random numbers.
struct Convolution final : Module {
  Convolution(int64_t in, int64_t out, const Kernel& kernel)
      : weight(register_parameter("weight", at::empty({out, in, kernel.height, kernel.width}),
                                  /*requires_grad=*/false)) {}
  at::Tensor weight;
};

struct BatchNorm final : Module {
  explicit BatchNorm(int64_t channels)
      : weight(register_parameter("weight", at::empty({channels}), /*requires_grad=*/false)),
        bias(register_parameter("bias", at::empty({channels}), /*requires_grad=*/false)),
        mean(register_buffer("running_mean", at::empty({channels}))),
        variance(register_buffer("running_var", at::empty({channels}))) {}
  at::Tensor weight, bias, mean, variance;
};

// Convolution without bias, batch norm, ReLU.
class ConvBlock final : public Module {
 public:
  ConvBlock(int64_t in, int64_t out, const Kernel& kernel)
      : kernel_(kernel),
        conv_(register_module("conv", std::make_shared<Convolution>(in, out, kernel))),
        bn_(register_module("bn", std::make_shared<BatchNorm>(out))) {}

  at::Tensor forward(const at::Tensor& x) const {
    constexpr double kEps = 1e-3;
    const std::array<int64_t, 2> padding{kernel_.padded ? kernel_.height / 2 : 0,
                                         kernel_.padded ? kernel_.width / 2 : 0};
    const at::Tensor y =
        at::conv2d(x, conv_->weight, {}, at::IntArrayRef{kernel_.stride, kernel_.stride}, padding);
    return at::batch_norm(y, bn_->weight, bn_->bias, bn_->mean, bn_->variance, /*training=*/false,
                          /*momentum=*/0, kEps, /*cudnn_enabled=*/true)
        .relu_();
  }

 private:
  Kernel kernel_;
  std::shared_ptr<Convolution> conv_;
  std::shared_ptr<BatchNorm> bn_;
};

struct Step {
  const char* name;
  int64_t out;
  Kernel kernel;
};

// Convolution blocks one after the other: a branch, or the part that two branches share.
class Chain {
 public:
  Chain(Module& owner, int64_t in, std::initializer_list<Step> steps) {
    for (const Step& step : steps) {
      blocks_.push_back(
          owner.register_module(step.name, std::make_shared<ConvBlock>(in, step.out, step.kernel)));
      in = step.out;
    }
  }
  at::Tensor operator()(at::Tensor x) const {
    for (const auto& block : blocks_) x = block->forward(x);
    return x;
  }

 private:
  std::vector<std::shared_ptr<ConvBlock>> blocks_;
};

at::Tensor average_pool(const at::Tensor& x) {
  return at::avg_pool2d(x, {3, 3}, {1, 1}, {1, 1}, /*ceil_mode=*/false,
                        /*count_include_pad=*/false);
}

at::Tensor max_pool(const at::Tensor& x) { return at::max_pool2d(x, {3, 3}, {1, 1}, {1, 1}); }

at::Tensor halving_max_pool(const at::Tensor& x) { return at::max_pool2d(x, {3, 3}, {2, 2}); }

// Mixed_5b, 5c, 5d: [N, in, 35, 35] -> [N, 224 + pooled, 35, 35].
struct BlockA final : Module {
  BlockA(int64_t in, int64_t pooled)
      : branch1x1(*this, in, {{"branch1x1", 64, k1x1}}),
        branch5x5(*this, in, {{"branch5x5_1", 48, k1x1}, {"branch5x5_2", 64, k5x5}}),
        branch3x3dbl(*this, in,
                     {{"branch3x3dbl_1", 64, k1x1},
                      {"branch3x3dbl_2", 96, k3x3},
                      {"branch3x3dbl_3", 96, k3x3}}),
        branch_pool(*this, in, {{"branch_pool", pooled, k1x1}}) {}
  at::Tensor forward(const at::Tensor& x) const {
    return at::cat({branch1x1(x), branch5x5(x), branch3x3dbl(x), branch_pool(average_pool(x))}, 1);
  }
  Chain branch1x1, branch5x5, branch3x3dbl, branch_pool;
};

// Mixed_6a: [N, 288, 35, 35] -> [N, 768, 17, 17].
struct BlockB final : Module {
  explicit BlockB(int64_t in)
      : branch3x3(*this, in, {{"branch3x3", 384, kHalving3x3}}),
        branch3x3dbl(*this, in,
                     {{"branch3x3dbl_1", 64, k1x1},
                      {"branch3x3dbl_2", 96, k3x3},
                      {"branch3x3dbl_3", 96, kHalving3x3}}) {}
  at::Tensor forward(const at::Tensor& x) const {
    return at::cat({branch3x3(x), branch3x3dbl(x), halving_max_pool(x)}, 1);
  }
  Chain branch3x3, branch3x3dbl;
};

// Mixed_6b to 6e: [N, 768, 17, 17] -> the same, through `inner` channels.
struct BlockC final : Module {
  BlockC(int64_t in, int64_t inner)
      : branch1x1(*this, in, {{"branch1x1", 192, k1x1}}),
        branch7x7(*this, in,
                  {{"branch7x7_1", inner, k1x1},
                   {"branch7x7_2", inner, k1x7},
                   {"branch7x7_3", 192, k7x1}}),
        branch7x7dbl(*this, in,
                     {{"branch7x7dbl_1", inner, k1x1},
                      {"branch7x7dbl_2", inner, k7x1},
                      {"branch7x7dbl_3", inner, k1x7},
                      {"branch7x7dbl_4", inner, k7x1},
                      {"branch7x7dbl_5", 192, k1x7}}),
        branch_pool(*this, in, {{"branch_pool", 192, k1x1}}) {}
  at::Tensor forward(const at::Tensor& x) const {
    return at::cat({branch1x1(x), branch7x7(x), branch7x7dbl(x), branch_pool(average_pool(x))}, 1);
  }
  Chain branch1x1, branch7x7, branch7x7dbl, branch_pool;
};

// Mixed_7a: [N, 768, 17, 17] -> [N, 1280, 8, 8].
struct BlockD final : Module {
  explicit BlockD(int64_t in)
      : branch3x3(*this, in, {{"branch3x3_1", 192, k1x1}, {"branch3x3_2", 320, kHalving3x3}}),
        branch7x7x3(*this, in,
                    {{"branch7x7x3_1", 192, k1x1},
                     {"branch7x7x3_2", 192, k1x7},
                     {"branch7x7x3_3", 192, k7x1},
                     {"branch7x7x3_4", 192, kHalving3x3}}) {}
  at::Tensor forward(const at::Tensor& x) const {
    return at::cat({branch3x3(x), branch7x7x3(x), halving_max_pool(x)}, 1);
  }
  Chain branch3x3, branch7x7x3;
};

using Pool = at::Tensor (*)(const at::Tensor&);

// Mixed_7b and 7c: [N, in, 8, 8] -> [N, 2048, 8, 8]; two of the branches fork.
struct BlockE final : Module {
  BlockE(int64_t in, Pool pool_before)
      : branch1x1(*this, in, {{"branch1x1", 320, k1x1}}),
        branch3x3(*this, in, {{"branch3x3_1", 384, k1x1}}),
        branch3x3_a(*this, 384, {{"branch3x3_2a", 384, k1x3}}),
        branch3x3_b(*this, 384, {{"branch3x3_2b", 384, k3x1}}),
        branch3x3dbl(*this, in, {{"branch3x3dbl_1", 448, k1x1}, {"branch3x3dbl_2", 384, k3x3}}),
        branch3x3dbl_a(*this, 384, {{"branch3x3dbl_3a", 384, k1x3}}),
        branch3x3dbl_b(*this, 384, {{"branch3x3dbl_3b", 384, k3x1}}),
        branch_pool(*this, in, {{"branch_pool", 192, k1x1}}),
        pool(pool_before) {}
  at::Tensor forward(const at::Tensor& x) const {
    const at::Tensor fork = branch3x3(x);
    const at::Tensor fork_dbl = branch3x3dbl(x);
    return at::cat({branch1x1(x), branch3x3_a(fork), branch3x3_b(fork), branch3x3dbl_a(fork_dbl),
                    branch3x3dbl_b(fork_dbl), branch_pool(pool(x))},
                   1);
  }
  Chain branch1x1, branch3x3, branch3x3_a, branch3x3_b, branch3x3dbl, branch3x3dbl_a,
      branch3x3dbl_b, branch_pool;
  Pool pool;
};

bool is_ignored(std::string_view name) {
  return name.starts_with("fc.") || name.starts_with("AuxLogits.") ||
         name.ends_with(".num_batches_tracked");
}

void copy_checked(const at::Tensor& from, at::Tensor& to, const std::string& name,
                  const std::filesystem::path& file) {
  const auto refuse = [&](const std::string& problem) {
    throw Error(ErrorKind::kData,
                fmt::format("{}: tensor {} of Inception-v3 {}", file.string(), name, problem));
  };
  if (from.sizes() != to.sizes()) {
    refuse(fmt::format("is [{}], not [{}]", fmt::join(from.sizes(), ", "),
                       fmt::join(to.sizes(), ", ")));
  }
  if (!from.is_floating_point()) refuse("does not hold floating point numbers");
  if (!from.isfinite().all().item<bool>()) refuse("holds a number that is not finite");
  to.copy_(from);
}

}  // namespace

InceptionV3::InceptionV3() {
  const auto add = [this](const char* name, auto block) {
    register_module(name, block);
    stages_.emplace_back([block](const at::Tensor& x) { return block->forward(x); });
  };
  const auto stem = [&](const char* name, int64_t in, int64_t out, const Kernel& kernel) {
    add(name, std::make_shared<ConvBlock>(in, out, kernel));
  };
  stem("Conv2d_1a_3x3", 3, 32, kHalving3x3);
  stem("Conv2d_2a_3x3", 32, 32, kUnpadded3x3);
  stem("Conv2d_2b_3x3", 32, 64, k3x3);
  stages_.emplace_back(halving_max_pool);
  stem("Conv2d_3b_1x1", 64, 80, k1x1);
  stem("Conv2d_4a_3x3", 80, 192, kUnpadded3x3);
  stages_.emplace_back(halving_max_pool);  // [N, 192, 35, 35]
  add("Mixed_5b", std::make_shared<BlockA>(192, 32));
  add("Mixed_5c", std::make_shared<BlockA>(256, 64));
  add("Mixed_5d", std::make_shared<BlockA>(288, 64));
  add("Mixed_6a", std::make_shared<BlockB>(288));
  add("Mixed_6b", std::make_shared<BlockC>(768, 128));
  add("Mixed_6c", std::make_shared<BlockC>(768, 160));
  add("Mixed_6d", std::make_shared<BlockC>(768, 160));
  add("Mixed_6e", std::make_shared<BlockC>(768, 192));
  add("Mixed_7a", std::make_shared<BlockD>(768));
  add("Mixed_7b", std::make_shared<BlockE>(1280, average_pool));
  add("Mixed_7c", std::make_shared<BlockE>(2048, max_pool));
  eval();
}

at::Tensor InceptionV3::forward(const at::Tensor& images) const {
  at::Tensor x = images;
  for (const auto& stage : stages_) x = stage(x);
  return x.mean(at::IntArrayRef{2, 3});
}

void load_inception_weights(InceptionV3& network, const NamedTensors& tensors,
                            const std::filesystem::path& file) {
  const at::NoGradGuard no_grad;
  std::map<std::string, at::Tensor> wanted;
  for (const auto& each : network.named_parameters()) wanted.emplace(each.key(), each.value());
  for (const auto& each : network.named_buffers()) wanted.emplace(each.key(), each.value());
  for (const auto& [name, tensor] : tensors) {
    if (is_ignored(name)) continue;
    const auto found = wanted.find(name);
    if (found == wanted.end()) {
      throw Error(ErrorKind::kData,
                  fmt::format("{}: tensor {} is not part of Inception-v3, whose first "
                              "is Conv2d_1a_3x3.conv.weight",
                              file.string(), name));
    }
    copy_checked(tensor, found->second, name, file);
    wanted.erase(found);
  }
  if (!wanted.empty()) {
    throw Error(
        ErrorKind::kData,
        fmt::format("{}: tensor {} of Inception-v3 is missing{}", file.string(),
                    wanted.begin()->first,
                    wanted.size() == 1 ? "" : fmt::format(" and {} others", wanted.size() - 1)));
  }
}

}  // namespace scgan
