#include "core/train/gan_step.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>
#include <vector>

#include "core/comm/canonical_sum.h"
#include "core/model/arithmetic.h"
#include "core/model/losses.h"
#include "core/train/placement.h"

namespace scgan {

// One direction of a micro-batch: images [m, 3, S, S], and what a generator makes of them, with the
// autograd graph. With run.recompute, the graph exists only during the backward pass.
struct GanStep::Translation {
  at::Tensor images, fakes;
};

struct GanStep::MicroBatch {
  Translation of_a, of_b;
  // Global index of the first sample.
  int64_t first = 0;
};

// What a direction of a micro-batch adds to the generators' objective.
struct GanStep::Objective {
  // Weighted and detached.
  at::Tensor cycle, identity;
  // The arguments of the backward pass.
  torch::autograd::variable_list roots, root_gradients;
};

// What distinguishes the two discriminators in a step: their DiffAugment sites and their losses.
struct GanStep::DiscriminatorRole {
  AugmentSite generator_step, real, fake;
  Loss generator, adversarial, ssl;
};

namespace {

// Disables a discriminator's gradients while the generators' gradient is computed.
class ScopedFreeze {
 public:
  explicit ScopedFreeze(ParameterArena& arena) : arena_(arena) { arena_.set_trainable(false); }
  ~ScopedFreeze() { arena_.set_trainable(true); }
  ScopedFreeze(const ScopedFreeze&) = delete;
  ScopedFreeze& operator=(const ScopedFreeze&) = delete;

 private:
  ParameterArena& arena_;
};

// Reports each gradient that a running backward pass completes to the reducer.
class GradientWatch {
 public:
  GradientWatch(ParameterArena& arena, GradientReducer& reducer) : arena_(arena) {
    arena_.watch_gradients(
        [&reducer](int64_t begin, int64_t count) { reducer.ready(begin, count); });
  }
  ~GradientWatch() { arena_.watch_gradients({}); }
  GradientWatch(const GradientWatch&) = delete;
  GradientWatch& operator=(const GradientWatch&) = delete;

 private:
  ParameterArena& arena_;
};

constexpr std::array kHalves{Direction::kAtoB, Direction::kBtoA};

}  // namespace

// netD_A sees images of B, netD_B images of A.
constexpr GanStep::DiscriminatorRole GanStep::kRoleOfA{
    AugmentSite::kGStepB, AugmentSite::kRealB, AugmentSite::kFakeB,
    Loss::kGAdvA,         Loss::kDA,           Loss::kSslA};
constexpr GanStep::DiscriminatorRole GanStep::kRoleOfB{
    AugmentSite::kGStepA, AugmentSite::kRealA, AugmentSite::kFakeA,
    Loss::kGAdvB,         Loss::kDB,           Loss::kSslB};

GanStep::GanStep(const RunSpec& spec, TrainState& state, Communicator& communicator,
                 WorkRecorder recorder, BucketSizes buckets)
    : spec_(spec),
      state_(state),
      communicator_(communicator),
      reducer_(communicator, spec.run.reduction, buckets),
      workers_(state.generators.values().is_cpu() ? at::get_num_threads() : 1),
      inputs_(spec, state),
      // With several ranks, the host watches the exchanges of a step.
      recorded_(spec.run.cuda_graph && communicator.size() == 1 ? std::move(recorder)
                                                                : WorkRecorder()) {
  // By the whole batch, not by this rank's share: the threads of an operation change its bits.
  const int threads = at::get_num_threads();
  const int64_t halves = 2 * spec.train.batch_size / spec.train.micro_batch;
  generator_threads_ = static_cast<int>(std::max<int64_t>(1, threads / halves));
  discriminator_threads_ = std::max(1, threads / 2);
  const c10::Device device = state.generators.values().device();
  if (!device.is_cpu()) streams_.emplace(device);
  if (has_ssl(spec)) ssl_loss_.emplace(spec.loss);
}

PendingLosses GanStep::run(const Batch& batch, double learning_rate) {
  inputs_.prepare(batch, learning_rate);
  recorded_.run([this] { losses_ = compute(); });
  ++state_.step;
  return {losses_, communicator_};
}

void GanStep::drop_recording() {
  recorded_.drop();
  losses_ = {};
}

LossTerms GanStep::compute() {
  const ScopedPrecision precision(spec_.train.precision);
  std::vector<MicroBatch> micros = own_micro_batches();
  const Fakes fakes = gather_fakes(micros);
  const bool d_first = spec_.train.order == UpdateOrder::kDiscriminatorsFirst;

  LossTerms losses;
  if (d_first) update_discriminators(fakes, losses);
  const AdversarialGradients adversarial = adversarial_gradients(fakes, losses);
  // The generators' gradient is summed while the discriminators are updated. This is safe: they
  // read only detached fakes and their own weights.
  const at::Tensor gradient = start_generator_gradient(micros, adversarial, losses);
  if (!d_first) update_discriminators(fakes, losses);
  reducer_.finish();
  state_.generators.adam_step(gradient, spec_.train, inputs_.adam_factors());
  state_.update_ema(spec_.train.ema_decay);
  return losses;
}

bool GanStep::is_held(const DiscriminatorState& discriminator) const {
  return scgan::is_held(discriminator.placement, communicator_.rank(), communicator_.size());
}

int GanStep::first_holder(const DiscriminatorState& discriminator) const {
  return scgan::first_holder(discriminator.placement, communicator_.size());
}

void GanStep::for_held(const std::function<void()>& work_a, const std::function<void()>& work_b) {
  const bool a = is_held(state_.netD_A), b = is_held(state_.netD_B);
  if (a && b && !spec_.run.recompute) {  // both at once need more memory
    if (streams_) return streams_->run(work_a, work_b);
    return side_by_side(2, discriminator_threads_,
                        [&](int64_t i) { i == 0 ? work_a() : work_b(); });
  }
  if (a) side_by_side(1, discriminator_threads_, [&](int64_t) { work_a(); });
  if (b) side_by_side(1, discriminator_threads_, [&](int64_t) { work_b(); });
}

void GanStep::side_by_side(int64_t count, int inner, const std::function<void(int64_t)>& work) {
  workers_.run(count, inner, [&](int64_t i) {
    const ScopedPrecision precision(spec_.train.precision);
    work(i);
  });
}

// The ranks that hold a discriminator compute its gradient; the first of them broadcasts it.
GanStep::AdversarialGradients GanStep::adversarial_gradients(const Fakes& fakes,
                                                             LossTerms& losses) {
  AdversarialGradients gradients{at::empty_like(fakes.b), at::empty_like(fakes.a)};
  DiscriminatorTerms of_a, of_b;
  for_held([&] { gradients.a = adversarial_gradient(state_.netD_A, kRoleOfA, fakes.b, of_a); },
           [&] { gradients.b = adversarial_gradient(state_.netD_B, kRoleOfB, fakes.a, of_b); });
  losses.of_discriminators.merge(of_a);
  losses.of_discriminators.merge(of_b);
  communicator_.broadcast(gradients.a, first_holder(state_.netD_A));
  communicator_.broadcast(gradients.b, first_holder(state_.netD_B));
  return gradients;
}

void GanStep::update_discriminators(const Fakes& fakes, LossTerms& losses) {
  // Every rank updates both pools, so that they are equal on all ranks.
  const StepInputs::OfDiscriminator& of_a = inputs_.of_netD_A();
  const StepInputs::OfDiscriminator& of_b = inputs_.of_netD_B();
  const at::Tensor shown_b = state_.netD_A.pool.query(fakes.b, of_a.pool_moves);
  const at::Tensor shown_a = state_.netD_B.pool.query(fakes.a, of_b.pool_moves);
  const Batch& batch = inputs_.batch();
  DiscriminatorTerms terms_a, terms_b;
  for_held(
      [&] {
        discriminator_step(state_.netD_A, kRoleOfA, of_a, {batch.b, shown_b}, terms_a);
      },
      [&] {
        discriminator_step(state_.netD_B, kRoleOfB, of_b, {batch.a, shown_a}, terms_b);
      });
  losses.of_discriminators.merge(terms_a);
  losses.of_discriminators.merge(terms_b);
}

at::Tensor GanStep::augmented(const at::Tensor& images, AugmentSite site) const {
  if (spec_.model.diffaug.empty()) return images;
  return diff_augment(images, spec_.model.diffaug, inputs_.augment_draws(), site);
}

std::vector<GanStep::MicroBatch> GanStep::own_micro_batches() const {
  const Batch& batch = inputs_.batch();
  const int64_t size = spec_.train.micro_batch;
  const int64_t share = spec_.train.batch_size / communicator_.size();
  const int64_t begin = communicator_.rank() * share;
  std::vector<MicroBatch> micros;
  for (int64_t first = begin; first < begin + share; first += size) {
    micros.push_back(
        {{batch.a.narrow(0, first, size), {}}, {batch.b.narrow(0, first, size), {}}, first});
  }
  return micros;
}

GanStep::Fakes GanStep::gather_fakes(std::vector<MicroBatch>& own) {
  const at::AutoGradMode keep_graph(!spec_.run.recompute);
  side_by_side(2 * std::ssize(own), generator_threads_, [&](int64_t i) {
    MicroBatch& micro = own[static_cast<size_t>(i / 2)];
    if (i % 2 == 0) {
      micro.of_a.fakes = state_.netG_A->forward(micro.of_a.images);
    } else {
      micro.of_b.fakes = state_.netG_B->forward(micro.of_b.images);
    }
  });
  std::vector<at::Tensor> mine_a;
  std::vector<at::Tensor> mine_b;
  for (const MicroBatch& micro : own) {
    mine_a.push_back(micro.of_b.fakes.detach());
    mine_b.push_back(micro.of_a.fakes.detach());
  }
  return {all_gather_rows(communicator_, at::cat(mine_a)),
          all_gather_rows(communicator_, at::cat(mine_b))};
}

at::Tensor GanStep::adversarial_gradient(DiscriminatorState& discriminator,
                                         const DiscriminatorRole& role, const at::Tensor& fakes,
                                         DiscriminatorTerms& terms) const {
  const ScopedFreeze frozen(discriminator.arena);
  const at::Tensor leaf = fakes.detach().clone().requires_grad_(true);
  const at::Tensor seen = augmented(leaf, role.generator_step);
  const at::Tensor loss = lsgan_real(discriminator.network->logits(seen));
  loss.backward();
  terms[role.generator] = loss.detach();
  return leaf.grad();
}

// Starts the sum of the generators' gradient over the whole batch. Returns the vector that holds
// the sum once the reducer has finished.
at::Tensor GanStep::start_generator_gradient(std::vector<MicroBatch>& micros,
                                             const AdversarialGradients& adversarial,
                                             LossTerms& losses) {
  TreeSum gradients;
  std::vector<at::Tensor> rows;
  const int64_t whole = std::ssize(micros) - (reducer_.takes_parts() ? 1 : 0);
  const int64_t at_once = std::max(1, workers_.at_once(generator_threads_) / 2);
  for (int64_t begin = 0; begin < whole; begin += at_once) {
    const std::span now(micros.begin() + begin, micros.begin() + std::min(begin + at_once, whole));
    for (at::Tensor& gradient : whole_gradients(now, adversarial, rows)) {
      gradients.push(std::move(gradient));
    }
  }
  at::Tensor sum;
  if (reducer_.takes_parts()) {
    const at::Tensor last = state_.generators.new_gradient();
    sum = reducer_.begin(std::move(gradients), last);
    const GradientWatch watch(state_.generators, reducer_);
    side_by_side(1, generator_threads_,
                 [&](int64_t) { rows.push_back(backward(micros.back(), adversarial)); });
    micros.back() = {};
  } else {
    sum = gradients.result();
    reducer_.start(sum);
  }
  losses.micro_batches = at::stack(rows);
  return sum;
}

// The gradients of some micro-batches. Frees their graphs and adds their terms to `rows`.
std::vector<at::Tensor> GanStep::whole_gradients(std::span<MicroBatch> micros,
                                                 const AdversarialGradients& adversarial,
                                                 std::vector<at::Tensor>& rows) {
  std::vector<Objective> objectives(2 * micros.size());
  std::vector<torch::autograd::variable_list> gradients(objectives.size());
  side_by_side(std::ssize(objectives), generator_threads_, [&](int64_t i) {
    const auto half = static_cast<size_t>(i);
    Objective& of_half = objectives[half] =
        objective(micros[half / 2], kHalves[half % 2], adversarial);
    gradients[half] =
        state_.generators.gradients(std::exchange(of_half.roots, {}), of_half.root_gradients);
  });
  std::vector<at::Tensor> sums;
  for (size_t i = 0; i < micros.size(); ++i) {
    micros[i] = {};
    rows.push_back(terms(objectives[2 * i], objectives[2 * i + 1]));
    sums.push_back(state_.generators.flat_sum(std::exchange(gradients[2 * i], {}),
                                              std::exchange(gradients[2 * i + 1], {})));
  }
  return sums;
}

// Of a micro-batch, in the order of kMicroBatchLosses.
at::Tensor GanStep::terms(const Objective& of_a, const Objective& of_b) {
  return at::stack({of_a.cycle, of_b.cycle, of_a.identity, of_b.identity});
}

// Adds the gradient of a micro-batch to the .grad of the parameters. Returns its terms.
at::Tensor GanStep::backward(const MicroBatch& micro, const AdversarialGradients& adversarial) {
  Objective of_a = objective(micro, Direction::kAtoB, adversarial);
  const Objective of_b = objective(micro, Direction::kBtoA, adversarial);
  std::ranges::copy(of_b.roots, std::back_inserter(of_a.roots));
  std::ranges::copy(of_b.root_gradients, std::back_inserter(of_a.root_gradients));
  torch::autograd::backward(of_a.roots, of_a.root_gradients);
  return terms(of_a, of_b);
}

GanStep::Objective GanStep::objective(const MicroBatch& micro, Direction direction,
                                      const AdversarialGradients& adversarial) const {
  const bool of_a = direction == Direction::kAtoB;
  Generator& there = of_a ? *state_.netG_A : *state_.netG_B;
  Generator& back = of_a ? *state_.netG_B : *state_.netG_A;
  auto [images, fakes] = of_a ? micro.of_a : micro.of_b;
  if (spec_.run.recompute) fakes = there.forward(images);
  const LossSpec& loss = spec_.loss;
  const double lambda = of_a ? loss.lambda_a : loss.lambda_b;
  const int64_t size = spec_.train.micro_batch;
  const double share = static_cast<double>(size) / static_cast<double>(spec_.train.batch_size);

  // One call of a generator for both terms: it translates each image by itself, and larger calls
  // are faster.
  const bool has_identity = loss.lambda_identity > 0;
  const auto translated = back.forward(has_identity ? at::cat({fakes, images}) : fakes).split(size);
  const at::Tensor cycle = l1(translated[0], images) * (lambda * share);
  at::Tensor identity = at::zeros_like(cycle);
  if (has_identity) identity = l1(translated[1], images) * (identity_weight(loss, lambda) * share);
  const at::Tensor sum = cycle + identity;
  const at::Tensor& of_fakes = of_a ? adversarial.a : adversarial.b;
  return {cycle.detach(),
          identity.detach(),
          {sum, fakes},
          {at::ones_like(sum), of_fakes.narrow(0, micro.first, size)}};
}

void GanStep::discriminator_step(DiscriminatorState& discriminator, const DiscriminatorRole& role,
                                 const StepInputs::OfDiscriminator& inputs,
                                 const DiscriminatorBatch& batch, DiscriminatorTerms& terms) const {
  const at::Tensor gradient = discriminator.arena.new_gradient();

  // Two calls, because real and fake images must not share batch statistics.
  const at::Tensor real = augmented(batch.real, role.real);
  const auto on_real = ssl_loss_
                           ? discriminator.network->discriminate_real(real, inputs.window)
                           : Discriminator::RealOutput{discriminator.network->logits(real), {}};
  const at::Tensor on_fake = discriminator.network->logits(augmented(batch.fakes, role.fake));
  const at::Tensor adversarial =
      (lsgan_real(on_real.logits) + lsgan_fake(on_fake)) * spec_.loss.d_adv_scale;
  at::Tensor total = adversarial;
  if (ssl_loss_) {
    const at::Tensor ssl = (*ssl_loss_)(on_real.reconstructions) * inputs_.ssl_weight();
    total = total + ssl;
    terms[role.ssl] = ssl.detach();
  }
  total.backward();
  discriminator.arena.adam_step(gradient, spec_.train, inputs.adam_factors);
  terms[role.adversarial] = adversarial.detach();
}

void GanStep::collect_discriminators() {
  if (communicator_.size() == 1) return;
  const at::NoGradGuard no_grad;
  for (DiscriminatorState* discriminator : {&state_.netD_A, &state_.netD_B}) {
    const int root = first_holder(*discriminator);
    ParameterArena& arena = discriminator->arena;
    for (at::Tensor flat : {arena.values(), arena.first_moments(), arena.second_moments()}) {
      communicator_.broadcast(flat, root);
    }
    for (auto& [name, buffer] : discriminator->network->buffers()) {
      communicator_.broadcast(buffer, root);
    }
    at::Tensor steps = at::full({1}, arena.adam_steps(), at::kLong);
    communicator_.broadcast(steps, root);
    arena.set_adam_steps(steps.item<int64_t>());
  }
  communicator_.settle();
}

}  // namespace scgan
