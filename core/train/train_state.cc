#include "core/train/train_state.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>

#include "core/base/error.h"
#include "core/model/network_factory.h"

namespace scgan {
namespace {

template <typename Kind>
std::shared_ptr<Kind> prepared(std::shared_ptr<Kind> network, const RunSpec& spec,
                               NetworkIndex index, c10::Device device) {
  initialize(*network, spec.seed, index);
  if (spec.train.precision == Precision::kFp64) network->to_double();
  network->to(device);
  network->set_training(true);
  network->set_reflection_padding(spec.run.reflection_padding);
  return network;
}

std::shared_ptr<Generator> generator(const RunSpec& spec, NetworkIndex index, c10::Device device) {
  return prepared(make_generator(spec.model), spec, index, device);
}

// What distinguishes the two discriminators of a run.
struct DiscriminatorKey {
  const char* name;
  NetworkIndex index;
  Purpose pool;
  Placement placement;
};
// netD_A sees images of B, so its pool holds fakes of B.
constexpr DiscriminatorKey kDiscriminatorA{"netD_A", NetworkIndex::kDA, Purpose::kPoolB,
                                           kPlacementOfDA};
constexpr DiscriminatorKey kDiscriminatorB{"netD_B", NetworkIndex::kDB, Purpose::kPoolA,
                                           kPlacementOfDB};

DiscriminatorState make_discriminator_state(const RunSpec& spec, const DiscriminatorKey& key,
                                            c10::Device device) {
  auto network =
      prepared(make_discriminator(spec.model, spec.data.image_size), spec, key.index, device);
  ParameterArena arena({{key.name, network.get()}});
  return {std::move(network), std::move(arena),
          ImagePool(spec.train.pool_size, spec.seed, key.pool), key.placement};
}

// The tensors of a state, added network by network.
class TensorList {
 public:
  void add_views(const char* prefix, const ParameterArena& arena, const at::Tensor& flat,
                 Placement placement = Placement::kAllRanks) {
    if (!flat.defined()) return;
    for (auto& [name, view] : arena.views(flat)) all_.push_back({prefix + name, view, placement});
  }

  void add_arena(const ParameterArena& arena, Placement placement = Placement::kAllRanks) {
    add_views("", arena, arena.values(), placement);
    add_views("adam.first.", arena, arena.first_moments(), placement);
    add_views("adam.second.", arena, arena.second_moments(), placement);
  }

  void add_buffers(const char* prefix, Network& network,
                   Placement placement = Placement::kAllRanks) {
    for (const auto& [name, buffer] : network.buffers()) {
      all_.push_back({fmt::format("{}.{}", prefix, name), buffer, placement});
    }
  }

  void add_pool(const char* name, const ImagePool& pool) {
    if (pool.images().defined()) all_.push_back({name, pool.images()});
  }

  std::vector<PlacedTensor> take() { return std::move(all_); }

 private:
  std::vector<PlacedTensor> all_;
};

template <typename Number>
Number counter(const std::map<std::string, std::string>& counters, const std::string& name) {
  const auto found = counters.find(name);
  Number value = -1;
  if (found != counters.end()) {
    const std::string& text = found->second;
    std::from_chars(text.data(), text.data() + text.size(), value);
  }
  if (!(value >= 0))
    throw Error(ErrorKind::kData, fmt::format("checkpoint without a valid {}", name));
  return value;
}

bool is_training_state(const std::string& name) {
  for (const char* prefix : {"adam.", "ema.", "best.", "pool_"}) {
    if (name.starts_with(prefix)) return true;
  }
  return false;
}

}  // namespace

TrainState::TrainState(const RunSpec& spec, c10::Device device)
    : netG_A(generator(spec, NetworkIndex::kGA, device)),
      netG_B(generator(spec, NetworkIndex::kGB, device)),
      generators({{"netG_A", netG_A.get()}, {"netG_B", netG_B.get()}}),
      netD_A(make_discriminator_state(spec, kDiscriminatorA, device)),
      netD_B(make_discriminator_state(spec, kDiscriminatorB, device)),
      keeps_best_(spec.evaluate.checkpoint == CheckpointChoice::kBest) {
  if (!spec.train.initial_weights.empty()) load_initial_weights(spec.train.initial_weights);
  if (spec.train.ema_decay > 0) ema = generators.values().clone();
}

void TrainState::load_initial_weights(const std::filesystem::path& file) {
  const at::NoGradGuard no_grad;
  std::map<std::string, at::Tensor> own;
  for (auto& [name, tensor] : tensors()) own[name] = tensor;
  const auto refuse = [&](const std::string& name, const std::string& what) {
    throw Error(ErrorKind::kData,
                fmt::format("train.initial_weights: {}: {} {}", file.string(), name, what));
  };
  bool any = false;
  for (const auto& [name, tensor] : read_safetensors(file).tensors) {
    if (is_training_state(name)) continue;  // of a checkpoint, only the weights are used
    const auto found = own.find(name);
    if (found == own.end()) {
      refuse(name,
             "is not a weight of this run's networks, which are named netG_A., netG_B., netD_A. "
             "or netD_B. and a published name");
    }
    if (tensor.sizes() != found->second.sizes()) {
      refuse(name,
             fmt::format("has the shape [{}], this run's has [{}]", fmt::join(tensor.sizes(), ", "),
                         fmt::join(found->second.sizes(), ", ")));
    }
    if (!tensor.isfinite().all().item<bool>()) refuse(name, "holds a value that is not finite");
    found->second.copy_(tensor);
    any = true;
  }
  if (!any) refuse("it", "holds no weights");
}

void TrainState::update_ema(double decay) {
  const at::NoGradGuard no_grad;
  if (ema.defined()) ema.mul_(decay).add_(generators.values(), 1 - decay);
}

void TrainState::add_score(double fid) {
  scored_step = step;
  if (!keeps_best_ || (best.weights.defined() && !(fid < best.fid))) return;
  best = {current_weights().clone(), fid, step};
}

int64_t TrainState::adopt_final_weights() {
  const at::NoGradGuard no_grad;
  const at::Tensor& weights = best.weights.defined() ? best.weights : current_weights();
  if (!weights.is_same(generators.values())) {
    generators.values().copy_(weights);
  }
  return best.weights.defined() ? best.step : step;
}

NamedTensors TrainState::tensors() const {
  NamedTensors all;
  for (auto& [name, tensor, placement] : placed_tensors()) all.emplace_back(name, tensor);
  return all;
}

// The order is part of the checkpoint format.
std::vector<PlacedTensor> TrainState::placed_tensors() const {
  TensorList all;
  all.add_arena(generators);
  all.add_arena(netD_A.arena, netD_A.placement);
  all.add_arena(netD_B.arena, netD_B.placement);
  all.add_buffers("netG_A", *netG_A);
  all.add_buffers("netG_B", *netG_B);
  all.add_buffers("netD_A", *netD_A.network, netD_A.placement);
  all.add_buffers("netD_B", *netD_B.network, netD_B.placement);
  all.add_views("ema.", generators, ema);
  all.add_views("best.", generators, best.weights);
  all.add_pool("pool_B", netD_A.pool);
  all.add_pool("pool_A", netD_B.pool);
  return all.take();
}

std::map<std::string, std::string> TrainState::counters() const {
  std::map<std::string, std::string> all{
      {"step", std::to_string(step)},
      {"scored_step", std::to_string(scored_step)},
      {"adam_steps.G", std::to_string(generators.adam_steps())},
      {"adam_steps.D_A", std::to_string(netD_A.arena.adam_steps())},
      {"adam_steps.D_B", std::to_string(netD_B.arena.adam_steps())}};
  if (best.weights.defined()) {
    all["best.step"] = std::to_string(best.step);
    all["best.fid"] = fmt::format("{}", best.fid);  // the shortest text that reads back exactly
  }
  return all;
}

void TrainState::restore(const NamedTensors& stored,
                         const std::map<std::string, std::string>& counters) {
  const at::NoGradGuard no_grad;
  std::map<std::string, at::Tensor> by_name(stored.begin(), stored.end());
  const c10::Device device = generators.values().device();
  best.weights =
      counters.contains("best.step") ? at::zeros_like(generators.values()) : at::Tensor();
  for (auto* pool_owner : {&netD_A, &netD_B}) {
    const auto node = by_name.extract(pool_owner == &netD_A ? "pool_B" : "pool_A");
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
  step = counter<int64_t>(counters, "step");
  scored_step = counter<int64_t>(counters, "scored_step");
  generators.set_adam_steps(counter<int64_t>(counters, "adam_steps.G"));
  netD_A.arena.set_adam_steps(counter<int64_t>(counters, "adam_steps.D_A"));
  netD_B.arena.set_adam_steps(counter<int64_t>(counters, "adam_steps.D_B"));
  if (best.weights.defined()) {
    best.step = counter<int64_t>(counters, "best.step");
    best.fid = counter<double>(counters, "best.fid");
  }
}

ScopedEvalWeights::ScopedEvalWeights(TrainState& state) : state_(state) {
  const at::NoGradGuard no_grad;
  if (!state.ema.defined()) return;
  trained_ = state.generators.values().clone();
  state.generators.values().copy_(state.ema);
}

ScopedEvalWeights::~ScopedEvalWeights() {
  const at::NoGradGuard no_grad;
  if (trained_.defined()) state_.generators.values().copy_(trained_);
}

NamedTensors network_tensors(Network& network) {
  NamedTensors all = network.parameters();
  for (auto& buffer : network.buffers()) all.push_back(std::move(buffer));
  return all;
}

}  // namespace scgan
