#include "core/model/networks.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>
#include <torch/nn/module.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/counter_rng.h"
#include "core/base/parallel_for.h"
#include "core/model/reflection_pad.h"

namespace scgan {
namespace {

constexpr double kWeightDeviation = 0.02;
constexpr uint32_t kTensorsPerNetwork = 1000;
// Takes about 1 ms, so that starting a thread pays.
constexpr size_t kDrawsAtOnce = 262144;

// Fills one tensor with its initial values. `counter` distinguishes the tensors of a run.
class TensorInitializer {
 public:
  TensorInitializer(const CounterRng& rng, uint32_t counter) : rng_(rng), counter_(counter) {}

  void fill(const std::string& path, at::Tensor& tensor) const {
    const std::string_view name = std::string_view(path).substr(path.rfind('.') + 1);
    if (tensor.dim() == 4) {
      fill_normal(tensor, 0, kWeightDeviation);
    } else if (name == "weight") {
      fill_normal(tensor, 1, kWeightDeviation);
    } else if (name == "running_var") {
      tensor.fill_(1);
    } else if (name == "weight_u" || name == "weight_v") {
      fill_unit_vector(tensor);
    } else if (name == "bias" || name == "running_mean" || name == "num_batches_tracked") {
      tensor.zero_();
    } else {
      throw std::logic_error("initialize() has no rule for the tensor " + path);
    }
  }

 private:
  // The tensor is float, as all parameters are when they are made.
  void fill_normal(at::Tensor& tensor, double mean, double deviation) const {
    TORCH_INTERNAL_ASSERT(tensor.is_contiguous());
    const std::span values(tensor.mutable_data_ptr<float>(), static_cast<size_t>(tensor.numel()));
    parallel_for((values.size() + kDrawsAtOnce - 1) / kDrawsAtOnce, [&](size_t part) {
      const size_t begin = part * kDrawsAtOnce;
      rng_.fill_normal(counter_, static_cast<uint32_t>(begin), mean, deviation,
                       values.subspan(begin, std::min(kDrawsAtOnce, values.size() - begin)));
    });
  }

  void fill_unit_vector(at::Tensor& tensor) const {
    std::vector<double> values(static_cast<size_t>(tensor.numel()));
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = rng_.normal(counter_, static_cast<uint32_t>(i));
    }
    double square = 0;
    for (const double value : values) {
      square += value * value;
    }
    for (double& value : values) {
      value /= std::sqrt(square);
    }
    tensor.copy_(at::from_blob(values.data(), tensor.sizes(), at::kDouble));
  }

  const CounterRng& rng_;
  uint32_t counter_;
};

template <typename Dict>
NamedTensors named(const Dict& tensors) {
  NamedTensors all;
  for (const auto& item : tensors) all.emplace_back(item.key(), item.value());
  return all;
}

}  // namespace

NamedTensors Network::parameters() { return named(module().named_parameters()); }

NamedTensors Network::buffers() { return named(module().named_buffers()); }

at::TensorOptions Network::options() {
  const NamedTensors all = parameters();
  return all.empty() ? at::TensorOptions(at::kFloat) : all.front().second.options();
}

void Network::to(c10::Device device) { module().to(device); }

// Tensor by tensor: Module::to() would also convert the counters of batch norm.
void Network::to_double() {
  const at::NoGradGuard no_grad;
  const auto convert = [](at::Tensor& tensor) {
    if (tensor.is_floating_point()) tensor.set_data(tensor.to(at::kDouble));
  };
  for (auto& [name, parameter] : parameters()) convert(parameter);
  for (auto& [name, buffer] : buffers()) convert(buffer);
}

void Network::set_training(bool training) { module().train(training); }

void Network::set_reflection_padding(ReflectionPadding on_gpu) {
  for (const auto& layer : module().modules()) {
    if (auto* pad = layer->as<ReflectionPadImpl>()) pad->set_on_gpu(on_gpu);
  }
}

void initialize(Network& network, int64_t seed, NetworkIndex index) {
  const at::NoGradGuard no_grad;
  const CounterRng rng(static_cast<uint32_t>(seed), Purpose::kInitWeights);
  uint32_t counter = kTensorsPerNetwork * static_cast<uint32_t>(index);
  // Numbers the parameters, then the buffers, in order of registration.
  for (auto& [name, parameter] : network.parameters()) {
    TensorInitializer(rng, counter++).fill(name, parameter);
  }
  for (auto& [name, buffer] : network.buffers())
    TensorInitializer(rng, counter++).fill(name, buffer);
}

}  // namespace scgan
