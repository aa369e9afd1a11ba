#include "core/train/state_exchange.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace scgan {
namespace {

struct TensorShape {
  std::string name;
  // at::ScalarType.
  int type = 0;
  std::vector<int64_t> sizes;
};

struct Description {
  std::vector<TensorShape> tensors;
  std::map<std::string, std::string> counters;
};

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(TensorShape, name, type, sizes)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Description, tensors, counters)

Description describe(const NamedTensors& tensors, std::map<std::string, std::string> counters) {
  Description description{{}, std::move(counters)};
  for (const auto& [name, tensor] : tensors) {
    description.tensors.push_back(
        {name, static_cast<int>(tensor.scalar_type()), tensor.sizes().vec()});
  }
  return description;
}

}  // namespace

void share_state(TrainState& state, Communicator& communicator) {
  if (communicator.size() == 1) return;
  const bool sends = communicator.rank() == 0;
  NamedTensors tensors;
  std::string text;
  if (sends) {
    tensors = state.tensors();
    text = nlohmann::json(describe(tensors, state.counters())).dump();
  }
  const auto description =
      nlohmann::json::parse(broadcast_text(communicator, text, 0)).get<Description>();
  const at::Device device = state.generators.values().device();
  for (size_t i = 0; i < description.tensors.size(); ++i) {
    const auto& [name, type, sizes] = description.tensors[i];
    if (!sends) {
      const auto options = at::dtype(static_cast<at::ScalarType>(type)).device(device);
      tensors.emplace_back(name, at::empty(sizes, options));
    }
    at::Tensor sent = tensors[i].second.detach().contiguous();
    communicator.broadcast(sent, 0);
  }
  communicator.settle();
  if (!sends) state.restore(tensors, description.counters);
}

}  // namespace scgan
