#include "core/train/gan_step.h"

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

#include <exception>
#include <utility>
#include <vector>

#include "core/base/log.h"
#include "core/comm/canonical_sum.h"
#include "core/model/arithmetic.h"
#include "core/model/losses.h"
#include "core/train/placement.h"

namespace scgan {

struct GanStep::MicroBatch {
  // Inputs [m, 3, S, S].
  at::Tensor a, b;
  // With the autograd graph. With run.recompute, the graph exists only during the backward pass.
  at::Tensor fake_a, fake_b;
  // Global index of the first sample.
  int64_t first = 0;
};

// What distinguishes the two discriminators in a step: their DiffAugment sites and their losses.
struct GanStep::DiscriminatorRole {
  AugmentSite generator_step, real, fake;
  Loss generator, adversarial, ssl;
};

namespace {

// In which LibTorch's libraries choose their kernels and allocate what they keep. The image pools
// are allocated in the first.
constexpr int64_t kUsualSteps = 3;

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
      streams_(state.generators.values().device()),
      inputs_(spec, state) {
  if (has_ssl(spec)) ssl_loss_.emplace(spec.loss);
  // With several ranks, the host watches the exchanges of a step.
  if (spec.run.cuda_graph && communicator.size() == 1) recorder_ = std::move(recorder);
}

PendingLosses GanStep::run(const Batch& batch, double learning_rate) {
  inputs_.prepare(batch, learning_rate);
  if (recorder_ && usual_steps_ == kUsualSteps) try_to_record();
  if (repeat_) {
    repeat_();
  } else {
    losses_ = compute();
    ++usual_steps_;
  }
  ++state_.step;
  return {losses_, communicator_};
}

// Until a recorded step is queued, nothing of the state has changed.
void GanStep::try_to_record() {
  try {
    repeat_ = recorder_([this] { losses_ = compute(); });
    log::info("the training step is recorded as a CUDA graph");
  } catch (const std::exception& problem) {
    log::warn("the training step cannot be recorded as a CUDA graph (run.cuda_graph): {}",
              problem.what());
  }
  recorder_ = {};
}

void GanStep::drop_recording() {
  recorder_ = {};
  repeat_ = {};
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
  const bool both = is_held(state_.netD_A) && is_held(state_.netD_B);
  // Both at once need more memory.
  if (both && !spec_.run.recompute) return streams_.run(work_a, work_b);
  if (is_held(state_.netD_A)) work_a();
  if (is_held(state_.netD_B)) work_b();
}

// The ranks that hold a discriminator compute its gradient; the first of them broadcasts it.
GanStep::AdversarialGradients GanStep::adversarial_gradients(const Fakes& fakes,
                                                             LossTerms& losses) {
  AdversarialGradients gradients{at::empty_like(fakes.b), at::empty_like(fakes.a)};
  for_held([&] { gradients.a = adversarial_gradient(state_.netD_A, kRoleOfA, fakes.b, losses); },
           [&] { gradients.b = adversarial_gradient(state_.netD_B, kRoleOfB, fakes.a, losses); });
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
  for_held(
      [&] {
        discriminator_step(state_.netD_A, kRoleOfA, of_a, {batch.b, shown_b}, losses);
      },
      [&] {
        discriminator_step(state_.netD_B, kRoleOfB, of_b, {batch.a, shown_a}, losses);
      });
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
        {batch.a.narrow(0, first, size), batch.b.narrow(0, first, size), {}, {}, first});
  }
  return micros;
}

void GanStep::translate(MicroBatch& micro) const {
  micro.fake_b = state_.netG_A->forward(micro.a);
  micro.fake_a = state_.netG_B->forward(micro.b);
}

GanStep::Fakes GanStep::gather_fakes(std::vector<MicroBatch>& own) {
  std::vector<at::Tensor> mine_a;
  std::vector<at::Tensor> mine_b;
  const at::AutoGradMode keep_graph(!spec_.run.recompute);
  for (MicroBatch& micro : own) {
    translate(micro);
    mine_a.push_back(micro.fake_a.detach());
    mine_b.push_back(micro.fake_b.detach());
  }
  return {all_gather_rows(communicator_, at::cat(mine_a)),
          all_gather_rows(communicator_, at::cat(mine_b))};
}

at::Tensor GanStep::adversarial_gradient(DiscriminatorState& discriminator,
                                         const DiscriminatorRole& role, const at::Tensor& fakes,
                                         LossTerms& losses) const {
  const ScopedFreeze frozen(discriminator.arena);
  const at::Tensor leaf = fakes.detach().clone().requires_grad_(true);
  const at::Tensor seen = augmented(leaf, role.generator_step);
  const at::Tensor loss = lsgan_real(discriminator.network->logits(seen));
  loss.backward();
  losses.of_discriminators[role.generator] = loss.detach();
  return leaf.grad();
}

// Starts the sum of the generators' gradient over the whole batch. Returns the vector that holds
// the sum once the reducer has finished.
at::Tensor GanStep::start_generator_gradient(std::vector<MicroBatch>& micros,
                                             const AdversarialGradients& adversarial,
                                             LossTerms& losses) {
  TreeSum gradients;
  at::Tensor sum;
  std::vector<at::Tensor> rows;
  for (MicroBatch& micro : micros) {
    at::Tensor gradient = state_.generators.new_gradient();
    if (reducer_.takes_parts() && &micro == &micros.back()) {
      sum = reducer_.begin(gradients, gradient);
      const GradientWatch watch(state_.generators, reducer_);
      rows.push_back(backward(micro, adversarial));
    } else {
      rows.push_back(backward(micro, adversarial));
      gradients.push(std::move(gradient));
    }
    micro = {};  // free its graph
  }
  losses.micro_batches = at::stack(rows);
  if (!sum.defined()) {
    sum = gradients.result();
    reducer_.start(sum);
  }
  return sum;
}

// Runs the backward pass of one micro-batch's share of the generators' objective. Returns its
// weighted terms, in the order of kMicroBatchLosses.
at::Tensor GanStep::backward(MicroBatch& micro, const AdversarialGradients& adversarial) {
  if (spec_.run.recompute) translate(micro);
  const LossSpec& loss = spec_.loss;
  const int64_t size = spec_.train.micro_batch;
  const double share = static_cast<double>(size) / static_cast<double>(spec_.train.batch_size);

  // One call of a generator for both terms: it translates each image by itself, and larger calls
  // are faster.
  const bool identity = loss.lambda_identity > 0;
  const auto translated = [&](Generator& generator, const at::Tensor& fakes,
                              const at::Tensor& images) {
    return generator.forward(identity ? at::cat({fakes, images}) : fakes).split(size);
  };
  const std::vector<at::Tensor> to_a = translated(*state_.netG_B, micro.fake_b, micro.a);
  const std::vector<at::Tensor> to_b = translated(*state_.netG_A, micro.fake_a, micro.b);
  std::vector<at::Tensor> terms{l1(to_a[0], micro.a) * (loss.lambda_a * share),
                                l1(to_b[0], micro.b) * (loss.lambda_b * share)};
  if (identity) {
    terms.push_back(l1(to_a[1], micro.a) * (identity_weight(loss, loss.lambda_a) * share));
    terms.push_back(l1(to_b[1], micro.b) * (identity_weight(loss, loss.lambda_b) * share));
  } else {
    terms.resize(4, at::zeros_like(terms.front()));
  }
  const at::Tensor sum = terms[0] + terms[1] + terms[2] + terms[3];
  torch::autograd::backward({sum, micro.fake_b, micro.fake_a},
                            {at::ones_like(sum), adversarial.a.narrow(0, micro.first, size),
                             adversarial.b.narrow(0, micro.first, size)});
  return at::stack({terms[0].detach(), terms[1].detach(), terms[2].detach(), terms[3].detach()});
}

void GanStep::discriminator_step(DiscriminatorState& discriminator, const DiscriminatorRole& role,
                                 const StepInputs::OfDiscriminator& inputs,
                                 const DiscriminatorBatch& batch, LossTerms& losses) const {
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
    losses.of_discriminators[role.ssl] = ssl.detach();
  }
  total.backward();
  discriminator.arena.adam_step(gradient, spec_.train, inputs.adam_factors);
  losses.of_discriminators[role.adversarial] = adversarial.detach();
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
