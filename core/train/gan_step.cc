#include "core/train/gan_step.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/autograd.h>

#include <utility>
#include <vector>

#include "core/base/counter_rng.h"
#include "core/comm/canonical_sum.h"
#include "core/model/losses.h"
#include "core/model/part_window.h"
#include "core/model/ssl_loss.h"

namespace scgan {

struct GanStep::MicroBatch {
  at::Tensor a, b;  // inputs [m, 3, S, S]
  at::Tensor fake_a,
      fake_b;         // with graph, or detached while `recompute` waits for the backward pass
  int64_t first = 0;  // global index of the first sample
};

// Where one discriminator's step draws.
struct GanStep::DiscriminatorSites {
  AugmentSite real, fake;
};

namespace {

// The discriminators take no gradient while the generators learn.
class Frozen {
 public:
  explicit Frozen(ParameterArena& arena) : arena_(arena) { arena_.set_trainable(false); }
  ~Frozen() { arena_.set_trainable(true); }
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;

 private:
  ParameterArena& arena_;
};

// Tells the reducer, while a backward pass runs, which gradients are complete.
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
constexpr GanStep::DiscriminatorSites GanStep::kSitesOfA{AugmentSite::kRealB, AugmentSite::kFakeB};
constexpr GanStep::DiscriminatorSites GanStep::kSitesOfB{AugmentSite::kRealA, AugmentSite::kFakeA};

StepDraws step_draws(const RunSpec& spec, int64_t step) {
  const auto seed = static_cast<uint32_t>(spec.seed);
  return {part_window(spec.model, CounterRng(seed, Purpose::kPartA), step),
          part_window(spec.model, CounterRng(seed, Purpose::kPartB), step)};
}

std::array<double, 10> StepLosses::values() const {
  return {g_adv_a, g_adv_b, cycle_a, cycle_b, identity_a, identity_b, d_a, d_b, ssl_a, ssl_b};
}

GanStep::GanStep(const RunSpec& spec, TrainState& state, Communicator& communicator,
                 BucketSizes buckets)
    : spec_(spec),
      state_(state),
      communicator_(communicator),
      reducer_(communicator, spec.run.reduction, buckets) {
  if (has_ssl(spec)) ssl_loss_.emplace(spec.loss);
}

StepLosses GanStep::run(const Batch& cpu_batch, double learning_rate) {
  const at::TensorOptions wanted = state_.generators.values().options();
  const Batch batch{cpu_batch.a.to(wanted), cpu_batch.b.to(wanted)};
  std::vector<MicroBatch> micros = own_micro_batches(batch);
  const Fakes fakes = gather_fakes(micros);
  const bool d_first = spec_.train.order == UpdateOrder::kDiscriminatorsFirst;

  DiscriminatorsLosses discriminators;
  if (d_first) discriminators = update_discriminators(batch, fakes, learning_rate);
  const AdversarialGradients adversarial = adversarial_gradients(fakes);
  at::Tensor micro_losses;
  // The gradients travel while the discriminators learn: these read detached fakes and their own
  // weights only.
  const at::Tensor gradient = start_generator_gradient(micros, adversarial, micro_losses);
  if (!d_first) discriminators = update_discriminators(batch, fakes, learning_rate);
  reducer_.finish();
  state_.generators.adam_step(gradient, spec_.train, learning_rate);
  state_.update_ema(spec_.train.ema_decay);
  ++state_.step;
  return gather_losses(micro_losses,
                       {adversarial.a.loss, adversarial.b.loss, discriminators.a.adversarial,
                        discriminators.b.adversarial, discriminators.a.ssl, discriminators.b.ssl});
}

// What the discriminators want changed in the fakes, each computed where it is held.
GanStep::AdversarialGradients GanStep::adversarial_gradients(const Fakes& fakes) {
  AdversarialGradients adversarial{{at::empty_like(fakes.b)}, {at::empty_like(fakes.a)}};
  if (holds_a()) adversarial.a = adversarial_gradient(state_.netD_A, fakes.b, AugmentSite::kGStepB);
  if (holds_b()) adversarial.b = adversarial_gradient(state_.netD_B, fakes.a, AugmentSite::kGStepA);
  communicator_.broadcast(adversarial.a.gradient, 0);
  communicator_.broadcast(adversarial.b.gradient, root_of_b());
  return adversarial;
}

GanStep::DiscriminatorsLosses GanStep::update_discriminators(const Batch& batch, const Fakes& fakes,
                                                             double learning_rate) {
  // Every rank feeds both pools, so that they are the same everywhere.
  const at::Tensor shown_b = state_.netD_A.pool.query(fakes.b, state_.step);
  const at::Tensor shown_a = state_.netD_B.pool.query(fakes.a, state_.step);
  const StepDraws draws = step_draws(spec_, state_.step);
  DiscriminatorsLosses losses;
  if (holds_a()) {
    losses.a = discriminator_step(state_.netD_A, {batch.b, shown_b, draws.part_a}, kSitesOfA,
                                  learning_rate);
  }
  if (holds_b()) {
    losses.b = discriminator_step(state_.netD_B, {batch.a, shown_a, draws.part_b}, kSitesOfB,
                                  learning_rate);
  }
  return losses;
}

std::vector<GanStep::MicroBatch> GanStep::own_micro_batches(const Batch& batch) const {
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

GanStep::AdversarialGradient GanStep::adversarial_gradient(DiscriminatorState& discriminator,
                                                           const at::Tensor& fakes,
                                                           AugmentSite site) const {
  const Frozen frozen(discriminator.arena);
  const at::Tensor leaf = fakes.detach().clone().requires_grad_(true);
  const at::Tensor seen = diff_augment(leaf, spec_.model.diffaug, spec_.seed, site, state_.step);
  const at::Tensor loss = lsgan_real(discriminator.network->logits(seen));
  loss.backward();
  return {leaf.grad(), loss.item<double>()};
}

// Starts the sum of the generators' gradient over the whole batch; gives the vector that holds it
// once the reducer has finished.
at::Tensor GanStep::start_generator_gradient(std::vector<MicroBatch>& micros,
                                             const AdversarialGradients& adversarial,
                                             at::Tensor& losses) {
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
    micro = {};  // its graph is done with
  }
  losses = at::stack(rows);
  if (!sum.defined()) {
    sum = gradients.result();
    reducer_.start(sum);
  }
  return sum;
}

// Backward of one micro-batch's share of the generators' objective; gives its four weighted terms.
at::Tensor GanStep::backward(MicroBatch& micro, const AdversarialGradients& adversarial) {
  if (spec_.run.recompute) translate(micro);
  const LossSpec& loss = spec_.loss;
  const int64_t size = spec_.train.micro_batch;
  const double share = static_cast<double>(size) / static_cast<double>(spec_.train.batch_size);

  std::vector<at::Tensor> terms;
  terms.push_back(l1(state_.netG_B->forward(micro.fake_b), micro.a) * (loss.lambda_a * share));
  terms.push_back(l1(state_.netG_A->forward(micro.fake_a), micro.b) * (loss.lambda_b * share));
  if (loss.lambda_identity > 0) {
    terms.push_back(l1(state_.netG_B->forward(micro.a), micro.a) *
                    (identity_weight(loss, loss.lambda_a) * share));
    terms.push_back(l1(state_.netG_A->forward(micro.b), micro.b) *
                    (identity_weight(loss, loss.lambda_b) * share));
  } else {
    terms.resize(4, at::zeros_like(terms.front()));
  }
  const at::Tensor sum = terms[0] + terms[1] + terms[2] + terms[3];
  torch::autograd::backward(
      {sum, micro.fake_b, micro.fake_a},
      {at::ones_like(sum), adversarial.a.gradient.narrow(0, micro.first, size),
       adversarial.b.gradient.narrow(0, micro.first, size)});
  return at::stack({terms[0].detach(), terms[1].detach(), terms[2].detach(), terms[3].detach()});
}

GanStep::DiscriminatorLosses GanStep::discriminator_step(DiscriminatorState& discriminator,
                                                         const DiscriminatorBatch& batch,
                                                         const DiscriminatorSites& sites,
                                                         double learning_rate) const {
  const int64_t step = state_.step;
  const at::Tensor gradient = discriminator.arena.new_gradient();
  const auto augmented = [&](const at::Tensor& images, AugmentSite site) {
    return diff_augment(images, spec_.model.diffaug, spec_.seed, site, step);
  };

  // Two calls: real and fake images never share batch statistics.
  const auto on_real =
      discriminator.network->discriminate_real(augmented(batch.real, sites.real), batch.part);
  const at::Tensor on_fake = discriminator.network->logits(augmented(batch.fakes, sites.fake));
  const at::Tensor adversarial =
      (lsgan_real(on_real.logits) + lsgan_fake(on_fake)) * spec_.loss.d_adv_scale;
  at::Tensor total = adversarial;
  DiscriminatorLosses losses;
  if (ssl_loss_) {
    const at::Tensor ssl = (*ssl_loss_)(on_real.rebuilt) * ssl_weight(spec_.loss, step);
    total = total + ssl;
    losses.ssl = ssl.item<double>();
  }
  total.backward();
  discriminator.arena.adam_step(gradient, spec_.train, learning_rate);
  losses.adversarial = adversarial.item<double>();
  return losses;
}

StepLosses GanStep::gather_losses(const at::Tensor& micro_losses,
                                  const std::array<double, 6>& discriminator_losses) {
  TreeSum sum;
  const at::Tensor rows = all_gather_rows(communicator_, micro_losses.to(at::kCPU, at::kDouble));
  for (int64_t row = 0; row < rows.size(0); ++row) sum.push(rows[row].clone());
  const at::Tensor g = sum.result();
  at::Tensor mine = at::empty({1, 6}, at::kDouble);
  for (int64_t i = 0; i < 6; ++i) mine[0][i] = discriminator_losses[static_cast<size_t>(i)];
  const at::Tensor d = all_gather_rows(communicator_, mine);
  const auto g_term = [&](int64_t i) { return g[i].item<double>(); };
  const auto d_term = [&](int64_t i) { return d[i % 2 == 0 ? 0 : root_of_b()][i].item<double>(); };
  return {d_term(0), d_term(1), g_term(0), g_term(1), g_term(2),
          g_term(3), d_term(2), d_term(3), d_term(4), d_term(5)};
}

void GanStep::collect_discriminators() {
  if (communicator_.size() == 1) return;
  const at::NoGradGuard no_grad;
  for (DiscriminatorState* discriminator : {&state_.netD_A, &state_.netD_B}) {
    const int root = discriminator == &state_.netD_A ? 0 : root_of_b();
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
}

}  // namespace scgan
