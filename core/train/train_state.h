// TrainState: everything about a run that cannot be computed from its RunSpec: weights, buffers,
// Adam state, image pools, the moving average of the weights, the best scored weights and the
// number of steps done. A checkpoint stores exactly this.
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
  // Equal on all ranks, including those that do not hold the discriminator.
  ImagePool pool;
  // The ranks that hold `network` and `arena`.
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
  // Builds networks with initial weights drawn from spec.seed, replaced by those that
  // train.initial_weights contains, in the type of train.precision; equal on every rank. Throws
  // Error(kData) naming the file and the tensor that does not fit.
  TrainState(const RunSpec& spec, c10::Device device);

  // Names as in the published code: netG_A translates A to B, netG_B B to A; netD_A sees images
  // of B, netD_B of A.
  std::shared_ptr<Generator> netG_A, netG_B;
  ParameterArena generators;
  DiscriminatorState netD_A, netD_B;
  // Training steps done.
  int64_t step = 0;
  // The last step that was scored during training.
  int64_t scored_step = 0;

  // Moving average of the generators' weights, flat in their layout; undefined when train.ema_decay
  // is 0.
  at::Tensor ema;
  struct Best {
    // In the same layout; undefined before the first score and when evaluate.checkpoint is last.
    at::Tensor weights;
    double fid = 0;
    int64_t step = 0;
  };
  Best best;

  // The generators' weights that are scored, shown and kept now: the moving average if there is
  // one.
  const at::Tensor& current_weights() const { return ema.defined() ? ema : generators.values(); }

  // Must be called after each update of the generators: ema = decay * ema + (1 - decay) * weights.
  // Does nothing without a moving average.
  void update_ema(double decay);

  // Records a score of current_weights(). With evaluate.checkpoint best, keeps the weights if they
  // are the best so far.
  void add_score(double fid);

  // Copies the final weights of the run, the best or the current ones, into the generators. Returns
  // their step. Training cannot continue afterwards.
  int64_t adopt_final_weights();

  // Views of all state except the counters: "netG_A.model.1.weight", buffers likewise,
  // "adam.first.<name>", "adam.second.<name>", and if they exist "ema.<name>", "best.<name>",
  // "pool_A", "pool_B".
  NamedTensors tensors() const;
  // The same, with the ranks that hold them.
  std::vector<PlacedTensor> placed_tensors() const;
  // "step", "scored_step", "adam_steps.G", "adam_steps.D_A", "adam_steps.D_B", and if they exist
  // "best.step" and "best.fid".
  std::map<std::string, std::string> counters() const;

  // Restores the state from tensors() and counters() of a state with an equal spec. Throws
  // Error(kData) naming the tensor that is missing, unknown or of a different shape, or the counter
  // that is missing or not valid; the state is then unusable.
  void restore(const NamedTensors& tensors, const std::map<std::string, std::string>& counters);

 private:
  void load_initial_weights(const std::filesystem::path& file);

  bool keeps_best_;
};

// Holds the weights that are scored (TrainState::current_weights) in the generators during its
// lifetime, then restores the trained ones.
class ScopedEvalWeights {
 public:
  // `state` must outlive this object and must not be trained during its lifetime.
  explicit ScopedEvalWeights(TrainState& state);
  ~ScopedEvalWeights();
  ScopedEvalWeights(const ScopedEvalWeights&) = delete;
  ScopedEvalWeights& operator=(const ScopedEvalWeights&) = delete;

 private:
  TrainState& state_;
  // Undefined if the generators already hold the scored weights.
  at::Tensor trained_;
};

// Returns the weights of one network: parameters and buffers under their published names
// ("model.1.weight").
NamedTensors network_tensors(Network& network);

}  // namespace scgan
