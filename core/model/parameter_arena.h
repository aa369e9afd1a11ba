// ParameterArena: the parameters that one optimizer owns, as one flat vector, with their Adam
// state.
//
// Each parameter of the networks becomes a view of the vector, aligned to 64 bytes: large
// matrix-vector products give other bits at other alignments. The gradient is a flat vector of the
// same layout, so that it is summed and sent as one.
#pragma once

#include <ATen/core/Tensor.h>

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

  // Takes over the parameters of the networks, named "<prefix>.<parameter>". The networks must be
  // on their device already and outlive the arena; their parameters must not be replaced
  // afterwards.
  explicit ParameterArena(const Members& members);

  // A zeroed flat gradient; from now on every parameter's .grad is a view of it.
  at::Tensor new_gradient();

  // From now on a backward pass calls `complete` for every parameter as soon as its gradient is
  // complete: once, however often the parameter was used. It is given the parameter's elements in
  // the flat gradient, with the padding behind them: together the parameters cover the vector. It
  // runs where autograd adds the gradient, on a GPU on another thread than the caller of backward;
  // what it throws, backward throws. An empty function ends that.
  using GradientComplete = std::function<void(int64_t begin, int64_t count)>;
  void watch_gradients(const GradientComplete& complete);

  // One step of Adam (Kingma, Ba, 2015) with bias correction, as torch.optim.Adam without weight
  // decay.
  void adam_step(const at::Tensor& gradient, const TrainSpec& spec, double learning_rate);

  // requires_grad of every parameter.
  void set_trainable(bool trainable);

  int64_t adam_steps() const { return adam_steps_; }
  void set_adam_steps(int64_t steps) { adam_steps_ = steps; }

  // Flat state of one layout: parameters, first and second moments.
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
