#include "core/train/step_inputs.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

#include <utility>
#include <vector>

#include "core/model/losses.h"

namespace scgan {
namespace {

// y and x of both windows.
constexpr int64_t kWindowNumbers = 4;
// The factors of the generators, netD_A and netD_B, and the weight of the self-supervised loss.
constexpr int64_t kFactors = 7;

// Takes parts of a flat tensor, one after the other.
class Parts {
 public:
  explicit Parts(at::Tensor whole) : whole_(std::move(whole)) {}
  at::Tensor next(int64_t count) {
    const int64_t begin = std::exchange(begin_, begin_ + count);
    return whole_.narrow(0, begin, count);
  }

 private:
  at::Tensor whole_;
  int64_t begin_ = 0;
};

int64_t samples_with_draws(const RunSpec& spec) {
  return spec.model.diffaug.empty() ? 0 : spec.train.batch_size;
}

}  // namespace

StepInputs::StepInputs(const RunSpec& spec, TrainState& state) : spec_(spec), state_(state) {
  const int64_t batch = spec.train.batch_size;
  const int64_t draws = samples_with_draws(spec);
  const int64_t moves = state.netD_A.pool.move_count(batch);
  integer_count_ = kWindowNumbers + 2 * moves + AugmentDraws::kPlaces * draws;
  real_count_ = kFactors + AugmentDraws::kColors * draws;
  const at::TensorOptions options = state.generators.values().options();
  const auto bytes = static_cast<int64_t>(sizeof(int64_t)) * integer_count_ +
                     static_cast<int64_t>(options.dtype().itemsize()) * real_count_;
  numbers_ = at::empty({bytes}, options.dtype(at::kByte));

  Parts of_integers(integers(numbers_));
  const at::Tensor window_a = of_integers.next(2);
  const at::Tensor window_b = of_integers.next(2);
  netD_A_.pool_moves = of_integers.next(moves);
  netD_B_.pool_moves = of_integers.next(moves);
  places_ = of_integers.next(AugmentDraws::kPlaces * draws);
  Parts of_reals(reals(numbers_));
  adam_factors_ = of_reals.next(2);
  netD_A_.adam_factors = of_reals.next(2);
  netD_B_.adam_factors = of_reals.next(2);
  ssl_weight_ = of_reals.next(1).squeeze(0);
  colors_ = of_reals.next(AugmentDraws::kColors * draws);
  if (numbers_.is_cpu()) return;
  netD_A_.window.on_gpu = window_a;
  netD_B_.window.on_gpu = window_b;
  const int64_t side = spec.data.image_size;
  batch_ = {at::empty({batch, 3, side, side}, options), at::empty({batch, 3, side, side}, options)};
}

at::Tensor StepInputs::integers(const at::Tensor& numbers) const {
  const auto bytes = static_cast<int64_t>(sizeof(int64_t)) * integer_count_;
  return numbers.narrow(0, 0, bytes).view(at::kLong);
}

at::Tensor StepInputs::reals(const at::Tensor& numbers) const {
  const auto begin = static_cast<int64_t>(sizeof(int64_t)) * integer_count_;
  return numbers.narrow(0, begin, numbers.numel() - begin)
      .view(state_.generators.values().scalar_type());
}

void StepInputs::prepare(const Batch& batch, double learning_rate) {
  const bool on_gpu = !numbers_.is_cpu();
  if (on_gpu) {
    batch_.a.copy_(batch.a);
    batch_.b.copy_(batch.b);
  } else {
    const at::TensorOptions options = state_.generators.values().options();
    batch_ = {batch.a.to(options), batch.b.to(options)};
  }

  // LibTorch uses page-locked memory again only when the copies from it have ended.
  const at::Tensor host =
      on_gpu ? at::empty(numbers_.sizes(), at::TensorOptions(at::kByte).pinned_memory(true))
             : numbers_;
  auto* next = integers(host).mutable_data_ptr<int64_t>();
  const PartWindows windows = has_ssl(spec_) ? part_windows(spec_, state_.step) : PartWindows();
  for (const auto& [window, of] : {std::pair{&windows.a, &netD_A_}, {&windows.b, &netD_B_}}) {
    of->window.y = *next++ = window->y;
    of->window.x = *next++ = window->x;
  }
  const int64_t size = spec_.train.batch_size;
  for (ImagePool* pool : {&state_.netD_A.pool, &state_.netD_B.pool}) {
    pool->decide(state_.step, size, next);
    next += pool->move_count(size);
  }

  std::vector<double> values;
  for (ParameterArena* arena : {&state_.generators, &state_.netD_A.arena, &state_.netD_B.arena}) {
    for (const double factor : arena->next_adam_factors(spec_.train, learning_rate)) {
      values.push_back(factor);
    }
  }
  values.push_back(scgan::ssl_weight(spec_.loss, state_.step));
  values.resize(static_cast<size_t>(real_count_));
  if (samples_with_draws(spec_) > 0) {
    const int64_t side = spec_.data.image_size;
    AugmentDraws::draw(spec_.seed, state_.step, size, side, side, &values[kFactors], next);
  }
  reals(host).copy_(at::tensor(values, at::kDouble));
  if (on_gpu) numbers_.copy_(host, /*non_blocking=*/true);
}

}  // namespace scgan
