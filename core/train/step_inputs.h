// StepInputs: all that differs from one training step to the next, except the state of the run: the
// batch, the learning rate with Adam's corrections, the weight of the self-supervised loss, the
// windows of decoder_part, the moves of the image pools, the random numbers of DiffAugment.
//
// On a GPU they are tensors that stay at their addresses for the whole training, so the operations
// of every step have the same arguments; all numbers of a step are copied there together.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "core/data/data_loader.h"
#include "core/model/diff_augment.h"
#include "core/model/part_window.h"
#include "core/spec/run_spec.h"
#include "core/train/train_state.h"

namespace scgan {

class StepInputs {
 public:
  // Both arguments must outlive this.
  StepInputs(const RunSpec& spec, TrainState& state);

  // Prepares the step `state.step` with its whole batch: counts it in the optimizers and lets the
  // image pools decide. Copies to a GPU are only queued, on the current stream.
  void prepare(const Batch& batch, double learning_rate);

  // In the type and on the device of the parameters.
  const Batch& batch() const { return batch_; }
  // Of the generators, for ParameterArena::adam_step.
  const at::Tensor& adam_factors() const { return adam_factors_; }
  struct OfDiscriminator {
    // For ParameterArena::adam_step and ImagePool::query.
    at::Tensor adam_factors, pool_moves;
    PartWindow window;
  };
  const OfDiscriminator& of_netD_A() const { return netD_A_; }
  const OfDiscriminator& of_netD_B() const { return netD_B_; }
  // A scalar.
  const at::Tensor& ssl_weight() const { return ssl_weight_; }
  // Must not be called without DiffAugment.
  AugmentDraws augment_draws() const { return {colors_, places_}; }

 private:
  at::Tensor integers(const at::Tensor& numbers) const;
  at::Tensor reals(const at::Tensor& numbers) const;

  const RunSpec& spec_;
  TrainState& state_;
  // Of numbers_, which holds int64 values and then values of the type of the parameters.
  int64_t integer_count_, real_count_;
  at::Tensor numbers_;  // bytes
  Batch batch_;
  // Views of numbers_.
  at::Tensor adam_factors_, ssl_weight_, colors_, places_;
  OfDiscriminator netD_A_, netD_B_;
};

}  // namespace scgan
