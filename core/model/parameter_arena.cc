#include "core/model/parameter_arena.h"

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/add.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>
#include <cmath>
#include <memory>

namespace scgan {
namespace {

// In elements: 64 bytes of float32.
constexpr int64_t kAlignment = 16;
// Divisible by every power of two of ranks up to 1,024, as canonical_sum() requires.
constexpr int64_t kTotalMultiple = 1024;
// In elements, of one step of Adam on one thread: at most as many as LibTorch gives one thread.
constexpr int64_t kBlock = 32768;

int64_t round_up(int64_t count, int64_t multiple) {
  return (count + multiple - 1) / multiple * multiple;
}

// LibTorch sums all gradients of a parameter, adds the sum to .grad once, then calls this hook.
class CompletionHook final : public torch::autograd::PostAccumulateGradHook {
 public:
  CompletionHook(ParameterArena::GradientComplete complete, int64_t begin, int64_t count)
      : complete_(std::move(complete)), begin_(begin), count_(count) {}

  void operator()(const torch::autograd::Variable&) override { complete_(begin_, count_); }

 private:
  ParameterArena::GradientComplete complete_;
  int64_t begin_, count_;
};

}  // namespace

ParameterArena::ParameterArena(const Members& members) {
  const at::NoGradGuard no_grad;
  int64_t total = 0;
  for (const auto& [prefix, network] : members) {
    for (const auto& [name, parameter] : network->parameters()) {
      slots_.push_back({prefix + "." + name, parameter, total});
      total += round_up(parameter.numel(), kAlignment);
    }
  }
  TORCH_INTERNAL_ASSERT(!slots_.empty());
  values_ = at::zeros({round_up(total, kTotalMultiple)}, slots_.front().parameter.options());
  first_moments_ = at::zeros_like(values_);
  second_moments_ = at::zeros_like(values_);
  for (Slot& slot : slots_) {
    const at::Tensor view =
        values_.narrow(0, slot.offset, slot.parameter.numel()).view(slot.parameter.sizes());
    view.copy_(slot.parameter);
    slot.parameter.set_data(view);
  }
}

at::Tensor ParameterArena::new_gradient() {
  at::Tensor flat = at::zeros_like(values_);
  for (Slot& slot : slots_) {
    slot.parameter.mutable_grad() =
        flat.narrow(0, slot.offset, slot.parameter.numel()).view(slot.parameter.sizes());
  }
  return flat;
}

std::vector<at::Tensor> ParameterArena::gradients(
    const std::vector<at::Tensor>& roots, const std::vector<at::Tensor>& root_gradients) const {
  std::vector<at::Tensor> parameters;
  for (const Slot& slot : slots_) parameters.push_back(slot.parameter);
  return torch::autograd::grad(roots, parameters, root_gradients);
}

at::Tensor ParameterArena::flat_sum(const std::vector<at::Tensor>& a,
                                    const std::vector<at::Tensor>& b) const {
  const at::NoGradGuard no_grad;
  at::Tensor flat = at::zeros_like(values_);
  size_t i = 0;
  for (const auto& [name, view] : views(flat)) {
    at::Tensor sum = view;
    at::add_out(sum, a.at(i), b.at(i));
    ++i;
  }
  return flat;
}

void ParameterArena::watch_gradients(const GradientComplete& complete) {
  int64_t end = values_.numel();
  for (auto slot = slots_.rbegin(); slot != slots_.rend(); ++slot) {
    torch::autograd::impl::set_post_acc_grad_hooks(
        slot->parameter,
        complete ? std::make_unique<CompletionHook>(complete, slot->offset, end - slot->offset)
                 : nullptr);
    end = slot->offset;
  }
}

ParameterArena::AdamFactors ParameterArena::next_adam_factors(const TrainSpec& spec,
                                                              double learning_rate) {
  ++adam_steps_;
  const auto count = static_cast<double>(adam_steps_);
  const double correction1 = 1 - std::pow(spec.beta1, count);
  const double correction2 = 1 - std::pow(spec.beta2, count);
  return {-learning_rate / correction1, std::sqrt(correction2)};
}

void ParameterArena::adam_step(const at::Tensor& gradient, const TrainSpec& spec,
                               const at::Tensor& factors) {
  const at::NoGradGuard no_grad;
  const at::Tensor step_factor = factors[0];
  const at::Tensor root = factors[1];
  // Block by block, so that a block stays in the processor's cache from one operation to the next.
  const int64_t block = values_.is_cpu() ? kBlock * at::get_num_threads() : values_.numel();
  for (int64_t begin = 0; begin < values_.numel(); begin += block) {
    const auto part = [&](const at::Tensor& flat) {
      return flat.narrow(0, begin, std::min(block, flat.numel() - begin));
    };
    const at::Tensor of_block = part(gradient);
    at::Tensor first = part(first_moments_).mul_(spec.beta1).add_(of_block, 1 - spec.beta1);
    at::Tensor second =
        part(second_moments_).mul_(spec.beta2).addcmul_(of_block, of_block, 1 - spec.beta2);
    const at::Tensor denominator = second.sqrt().div_(root).add_(spec.adam_eps);
    if (values_.is_cpu()) {
      part(values_).addcdiv_(first, denominator, step_factor.item());
    } else {  // whose addcdiv takes the factor as an argument, not from memory
      part(values_).addcmul_(first.div(denominator), step_factor);
    }
  }
}

void ParameterArena::set_trainable(bool trainable) {
  for (Slot& slot : slots_) slot.parameter.requires_grad_(trainable);
}

std::vector<std::pair<std::string, at::Tensor>> ParameterArena::views(
    const at::Tensor& flat) const {
  std::vector<std::pair<std::string, at::Tensor>> named;
  for (const Slot& slot : slots_) {
    named.emplace_back(
        slot.name,
        flat.narrow(0, slot.offset, slot.parameter.numel()).view(slot.parameter.sizes()));
  }
  return named;
}

}  // namespace scgan
