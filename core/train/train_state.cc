#include "core/train/train_state.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/nn/module.h>

#include <charconv>

#include "core/base/error.h"

namespace scgan {
namespace {

template <typename Network>
std::shared_ptr<Network> ready(std::shared_ptr<Network> network, const RunSpec& spec,
                               NetworkIndex index, c10::Device device) {
  initialize(*network, spec.seed, index);
  network->to(device);
  network->train();
  return network;
}

std::shared_ptr<Generator> generator(const RunSpec& spec, NetworkIndex index, c10::Device device) {
  return ready(make_generator(spec.model), spec, index, device);
}

Judge judge(const RunSpec& spec, const char* name, NetworkIndex index, Purpose pool,
            c10::Device device) {
  auto network = ready(make_discriminator(spec.model, spec.data.image_size), spec, index, device);
  ParameterArena arena({{name, network.get()}});
  return {std::move(network), std::move(arena), ImagePool(spec.train.pool_size, spec.seed, pool)};
}

void add_arena(NamedTensors& all, const ParameterArena& arena) {
  for (auto& named : arena.views(arena.values())) all.push_back(named);
  for (auto& [name, view] : arena.views(arena.first_moments())) {
    all.emplace_back("adam.first." + name, view);
  }
  for (auto& [name, view] : arena.views(arena.second_moments())) {
    all.emplace_back("adam.second." + name, view);
  }
}

void add_buffers(NamedTensors& all, const char* prefix, const torch::nn::Module& network) {
  for (const auto& item : network.named_buffers()) {
    all.emplace_back(fmt::format("{}.{}", prefix, item.key()), item.value());
  }
}

int64_t counter(const std::map<std::string, std::string>& counters, const std::string& name) {
  const auto found = counters.find(name);
  int64_t value = -1;
  if (found != counters.end()) {
    const std::string& text = found->second;
    std::from_chars(text.data(), text.data() + text.size(), value);
  }
  if (value < 0) throw Error(ErrorKind::kData, fmt::format("checkpoint without a valid {}", name));
  return value;
}

}  // namespace

TrainState::TrainState(const RunSpec& spec, c10::Device device)
    : netG_A(generator(spec, NetworkIndex::kGA, device)),
      netG_B(generator(spec, NetworkIndex::kGB, device)),
      generators({{"netG_A", netG_A.get()}, {"netG_B", netG_B.get()}}),
      judge_a(judge(spec, "netD_A", NetworkIndex::kDA, Purpose::kPoolB, device)),
      judge_b(judge(spec, "netD_B", NetworkIndex::kDB, Purpose::kPoolA, device)) {}

NamedTensors TrainState::tensors() const {
  NamedTensors all;
  add_arena(all, generators);
  add_arena(all, judge_a.arena);
  add_arena(all, judge_b.arena);
  add_buffers(all, "netG_A", *netG_A);
  add_buffers(all, "netG_B", *netG_B);
  add_buffers(all, "netD_A", *judge_a.network);
  add_buffers(all, "netD_B", *judge_b.network);
  // netD_A judges fakes of domain B, so its pool is pool_B.
  if (judge_a.pool.images().defined()) all.emplace_back("pool_B", judge_a.pool.images());
  if (judge_b.pool.images().defined()) all.emplace_back("pool_A", judge_b.pool.images());
  return all;
}

std::map<std::string, std::string> TrainState::counters() const {
  return {{"step", std::to_string(step)},
          {"adam_steps.G", std::to_string(generators.adam_steps())},
          {"adam_steps.D_A", std::to_string(judge_a.arena.adam_steps())},
          {"adam_steps.D_B", std::to_string(judge_b.arena.adam_steps())}};
}

void TrainState::restore(const NamedTensors& stored,
                         const std::map<std::string, std::string>& counters) {
  const at::NoGradGuard no_grad;
  std::map<std::string, at::Tensor> by_name(stored.begin(), stored.end());
  const c10::Device device = generators.values().device();
  for (auto* pool_owner : {&judge_a, &judge_b}) {
    const auto node = by_name.extract(pool_owner == &judge_a ? "pool_B" : "pool_A");
    if (!node.empty()) pool_owner->pool.set_images(node.mapped().to(device));
  }
  NamedTensors own;
  for (auto& named : tensors()) {
    if (!named.first.starts_with("pool_")) own.push_back(named);
  }
  for (auto& [name, tensor] : own) {
    const auto node = by_name.extract(name);
    if (node.empty()) throw Error(ErrorKind::kData, fmt::format("checkpoint lacks {}", name));
    if (node.mapped().sizes() != tensor.sizes()) {
      throw Error(ErrorKind::kData, fmt::format("checkpoint has another shape of {}", name));
    }
    tensor.copy_(node.mapped());
  }
  if (!by_name.empty()) {
    throw Error(ErrorKind::kData,
                fmt::format("checkpoint has an unknown tensor {}", by_name.begin()->first));
  }
  step = counter(counters, "step");
  generators.set_adam_steps(counter(counters, "adam_steps.G"));
  judge_a.arena.set_adam_steps(counter(counters, "adam_steps.D_A"));
  judge_b.arena.set_adam_steps(counter(counters, "adam_steps.D_B"));
}

NamedTensors network_tensors(const torch::nn::Module& network) {
  NamedTensors all;
  for (const auto& item : network.named_parameters()) all.emplace_back(item.key(), item.value());
  for (const auto& item : network.named_buffers()) all.emplace_back(item.key(), item.value());
  return all;
}

}  // namespace scgan
