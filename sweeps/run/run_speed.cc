#include "sweeps/run/run_speed.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <chrono>
#include <vector>

#include "core/comm/solo_communicator.h"
#include "core/data/data_loader.h"
#include "core/spec/spec_keys.h"
#include "core/train/gan_step.h"
#include "core/train/train_state.h"

namespace scgan::sweeps {
namespace {

constexpr int kMostSteps = 3;

}  // namespace

std::string speed_key(const RunSpec& spec) {
  std::string all;
  for (const SpecKey& key : spec_keys()) {
    const std::string& path = key.path;
    if (path.starts_with("model.") || path.starts_with("loss.") || path.starts_with("evaluate.") ||
        path == "data.image_size" || path == "train.batch_size" || path == "train.micro_batch" ||
        path == "train.precision" || path == "train.threads" || path == "run.recompute") {
      all += scgan::to_json(key.get(spec)) + "|";
    }
  }
  return all;
}

RunSpeed measured_speed(const RunSpec& spec, c10::Device device, double seconds) {
  using Clock = std::chrono::steady_clock;
  TrainState state(spec, device);
  SoloCommunicator solo;
  GanStep step(spec, state, solo);
  const int64_t side = spec.data.image_size;
  const auto random = [&] {
    return at::empty({spec.train.batch_size, 3, side, side}, at::kFloat).uniform_(-1, 1);
  };
  const Batch batch{random(), random()};
  const auto start = Clock::now();
  std::chrono::duration<double> spent{}, first{};
  int steps = 0;
  while (steps < kMostSteps && spent.count() < seconds) {
    step.run(batch, spec.train.learning_rate);
    spent = Clock::now() - start;
    if (++steps == 1) first = spent;
  }
  if (steps == 1) return {spent.count(), false};
  return {(spent - first).count() / (steps - 1), false};
}

}  // namespace scgan::sweeps
