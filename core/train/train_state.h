// TrainState: everything of a run that cannot be computed from its RunSpec: weights, buffers, Adam
// state, image pools, the weights' moving average, the best scored weights and the number of steps
// done. What a checkpoint holds.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/model/networks.h"
#include "core/model/parameter_arena.h"
#include "core/model/safetensors.h"
#include "core/spec/run_spec.h"
#include "core/train/image_pool.h"
#include "core/train/placement.h"

namespace scgan {

// A discriminator with its optimizer and the pool of fakes that it sees.
struct DiscriminatorState {
  std::shared_ptr<Discriminator> network;
  ParameterArena arena;
  // Equal on all ranks, wherever the discriminator is.
  ImagePool pool;
  // Of network and arena.
  Placement placement;
};

// One tensor of the state.
struct PlacedTensor {
  std::string name;
  at::Tensor tensor;
  Placement placement = Placement::kAllRanks;
};

class TrainState {
 public:
  // New networks with the initial weights of (spec.seed), or those of train.initial_weights as far
  // as they go, in the type of train.precision; equal on every rank. Throws Error(kData) naming the
  // file and the tensor that does not fit.
  TrainState(const RunSpec& spec, c10::Device device);

  // Names as in the published code: netG_A translates A to B, netG_B B to A; netD_A sees images
  // of B, netD_B of A.
  std::shared_ptr<Generator> netG_A, netG_B;
  ParameterArena generators;
  DiscriminatorState netD_A, netD_B;
  int64_t step = 0;         // training steps done
  int64_t scored_step = 0;  // the last step that was scored during training

  // Flat, of the generators' layout.
  at::Tensor ema;  // moving average of their weights; undefined when train.ema_decay is 0
  struct Best {
    at::Tensor weights;  // undefined until the first score, and when evaluate.checkpoint is last
    double fid = 0;
    int64_t step = 0;
  };
  Best best;

  // What is scored, shown and kept of the generators now: the moving average where there is one.
  const at::Tensor& current_weights() const { return ema.defined() ? ema : generators.values(); }

  // After an update of the generators: ema = decay * ema + (1 - decay) * weights; nothing without
  // a moving average.
  void update_ema(double decay);

  // Notes a score of current_weights(); keeps them when they are the best so far.
  void add_score(double fid);

  // Puts the weights that the run ends with into the generators: the best or the current ones.
  // Gives their step. Training cannot go on afterwards.
  int64_t adopt_final_weights();

  // Views of all state except the counters: "netG_A.model.1.weight", buffers likewise,
  // "adam.first.<name>", "adam.second.<name>", and as far as they are there "ema.<name>",
  // "best.<name>", "pool_A", "pool_B".
  NamedTensors tensors() const;
  // The same, with the ranks that hold them.
  std::vector<PlacedTensor> placed_tensors() const;
  // "step", "scored_step", "adam_steps.G", "adam_steps.D_A", "adam_steps.D_B"; "best.step" and
  // "best.fid".
  std::map<std::string, std::string> counters() const;

  // Takes over what tensors() and counters() of an equal spec gave. Throws Error(kData) naming the
  // tensor that is missing, unknown or of another shape; the state is then unusable.
  void restore(const NamedTensors& tensors, const std::map<std::string, std::string>& counters);

 private:
  void load_initial_weights(const std::filesystem::path& file);

  bool keeps_best_;
};

// Shows the weights that are scored (TrainState::current_weights) in the generators while it lives.
class ScopedEvalWeights {
 public:
  // `state` must outlive this; nothing may train meanwhile.
  explicit ScopedEvalWeights(TrainState& state);
  ~ScopedEvalWeights();
  ScopedEvalWeights(const ScopedEvalWeights&) = delete;
  ScopedEvalWeights& operator=(const ScopedEvalWeights&) = delete;

 private:
  TrainState& state_;
  at::Tensor trained_;  // undefined: the generators hold them already
};

// The final weights of one network: parameters and buffers under the published names
// ("model.1.weight").
NamedTensors network_tensors(Network& network);

}  // namespace scgan
