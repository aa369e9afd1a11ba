// ParameterArena: the parameters of one optimizer as one flat vector, with their Adam state.
//
// Each parameter of the networks becomes a view of the vector, aligned to 64 bytes because large
// matrix-vector products return different bits at different alignments. The gradient is a flat
// vector of the same layout, so that it can be summed and sent as a whole.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/model/networks.h"
#include "core/spec/run_spec.h"

namespace scgan {

class ParameterArena {
 public:
  using Members = std::vector<std::pair<std::string, Network*>>;

  // Moves the parameters of the networks into the arena, under the names "<prefix>.<parameter>".
  // The networks must already be on their device and must outlive the arena; their parameters must
  // not be replaced afterwards.
  explicit ParameterArena(const Members& members);

  // Returns a zeroed flat gradient. From now on the .grad of every parameter is a view of it.
  at::Tensor new_gradient();

  // The gradient of sum(roots * root_gradients) for each parameter, which .grad does not change.
  // Several threads may compute gradients of their own graphs at the same time.
  std::vector<at::Tensor> gradients(const std::vector<at::Tensor>& roots,
                                    const std::vector<at::Tensor>& root_gradients) const;
  // Returns the flat sum of two results of gradients().
  at::Tensor flat_sum(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) const;

  // From now on a backward pass calls `complete` once for every parameter, as soon as its gradient
  // is complete. The arguments are the parameter's elements in the flat gradient with the padding
  // that follows, so that all calls together cover the vector. The call runs on autograd's thread,
  // which on a GPU is not the thread that called backward(); backward() rethrows its exceptions. An
  // empty function ends the calls.
  using GradientComplete = std::function<void(int64_t begin, int64_t count)>;
  void watch_gradients(const GradientComplete& complete);

  // The two numbers of Adam that change from step to step: the factor on first / denominator, which
  // is -learning_rate / (1 - beta1^t), and the root of 1 - beta2^t.
  using AdamFactors = std::array<double, 2>;
  // Counts a step of Adam and returns its factors.
  AdamFactors next_adam_factors(const TrainSpec& spec, double learning_rate);

  // One step of Adam (Kingma, Ba, 2015) with bias correction: torch.optim.Adam without weight
  // decay. `factors` [2] holds the AdamFactors in the type and on the device of the parameters; a
  // GPU reads them when it computes.
  void adam_step(const at::Tensor& gradient, const TrainSpec& spec, const at::Tensor& factors);

  // Sets requires_grad of every parameter.
  void set_trainable(bool trainable);

  int64_t adam_steps() const { return adam_steps_; }
  void set_adam_steps(int64_t steps) { adam_steps_ = steps; }

  // Flat vectors of one layout: parameters, first and second moments.
  const at::Tensor& values() const { return values_; }
  const at::Tensor& first_moments() const { return first_moments_; }
  const at::Tensor& second_moments() const { return second_moments_; }

  // Views into a flat vector of this layout, by parameter name.
  std::vector<std::pair<std::string, at::Tensor>> views(const at::Tensor& flat) const;

 private:
  struct Slot {
    std::string name;
    at::Tensor parameter;
    int64_t offset;
  };
  std::vector<Slot> slots_;
  at::Tensor values_, first_moments_, second_moments_;
  int64_t adam_steps_ = 0;
};

}  // namespace scgan
