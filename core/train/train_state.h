// TrainState: everything of a run that cannot be computed from its RunSpec: weights, buffers, Adam
// state, image pools and the number of steps done. What a checkpoint holds.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "core/model/networks.h"
#include "core/model/parameter_arena.h"
#include "core/model/safetensors.h"
#include "core/spec/run_spec.h"
#include "core/train/image_pool.h"

namespace scgan {

// A discriminator with its optimizer and the pool of fakes it is shown.
struct Judge {
  std::shared_ptr<Discriminator> network;
  ParameterArena arena;
  ImagePool pool;
};

class TrainState {
 public:
  // New networks with the initial weights of (spec.seed); equal on every rank.
  TrainState(const RunSpec& spec, c10::Device device);

  // Names as in the published code: netG_A translates A to B, netG_B B to A; netD_A judges images
  // of B, netD_B of A.
  std::shared_ptr<Generator> netG_A, netG_B;
  ParameterArena generators;
  Judge judge_a, judge_b;  // of netD_A and netD_B
  int64_t step = 0;        // training steps done

  // Views of all state but the counters: "netG_A.model.1.weight", buffers likewise,
  // "adam.first.<name>", "adam.second.<name>", and "pool_A", "pool_B" (as far as filled).
  NamedTensors tensors() const;
  // "step", "adam_steps.G", "adam_steps.D_A", "adam_steps.D_B".
  std::map<std::string, std::string> counters() const;

  // Takes over what tensors() and counters() of an equal spec gave. Throws Error(kData) naming the
  // tensor that is missing, unknown or of another shape; the state is then unusable.
  void restore(const NamedTensors& tensors, const std::map<std::string, std::string>& counters);
};

// The final weights of one network: parameters and buffers under the published names
// ("model.1.weight").
NamedTensors network_tensors(const torch::nn::Module& network);

}  // namespace scgan
