// GanStep: one iteration of CycleGAN training whose bits do not depend on the number of ranks.
//
// Generators are data-parallel: a batch is cut into micro-batches of fixed size, each rank takes a
// contiguous part of them, gradients are added in the canonical tree. Discriminators see the whole
// batch: with one rank both are here, from two ranks on even ranks hold netD_A and odd ranks
// netD_B. The order of updates is the published one: the discriminators learn from fakes made
// before the generators' update. train.order d_first: they learn first, and the generators are
// judged by what they have become.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/comm/communicator.h"
#include "core/comm/gradient_reducer.h"
#include "core/data/data_loader.h"
#include "core/model/diff_augment.h"
#include "core/model/part_window.h"
#include "core/model/ssl_loss.h"
#include "core/spec/run_spec.h"
#include "core/train/train_state.h"

namespace scgan {

// The loss terms of a step as they enter the sums: weighted, over the whole batch.
struct StepLosses {
  double g_adv_a = 0, g_adv_b = 0;        // netG_A before netD_A, netG_B before netD_B
  double cycle_a = 0, cycle_b = 0;        // A -> B -> A and B -> A -> B
  double identity_a = 0, identity_b = 0;  // |G_B(a) - a|, |G_A(b) - b|
  double d_a = 0, d_b = 0;                // adversarial loss of netD_A, netD_B, scaled
  double ssl_a = 0, ssl_b = 0;  // self-supervised loss of netD_A, netD_B; 0 where there is none

  static constexpr std::array<const char*, 10> kNames{
      "g_adv_a",    "g_adv_b", "cycle_a", "cycle_b", "identity_a",
      "identity_b", "d_a",     "d_b",     "ssl_a",   "ssl_b"};
  std::array<double, 10> values() const;
};

// The draws that all images of a step's batch share: what decoder_part of netD_A and of netD_B
// rebuilds.
struct StepDraws {
  PartWindow part_a, part_b;
};
StepDraws step_draws(const RunSpec& spec, int64_t step);

class GanStep {
 public:
  // All references must outlive the GanStep; the communicator's size is one of
  // possible_ranks_per_run(spec). `buckets`: of Reduction::kAllReduce.
  GanStep(const RunSpec& spec, TrainState& state, Communicator& communicator,
          BucketSizes buckets = {});

  // One update of all networks with the whole batch of step `state.step`; counts the step.
  // Collective.
  StepLosses run(const Batch& batch, double learning_rate);

  // Makes every rank hold both discriminators' state (parameters, Adam, buffers), before a
  // checkpoint. Collective.
  void collect_discriminators();

 private:
  struct MicroBatch;
  struct Fakes {
    at::Tensor a, b;  // whole batch, detached
  };
  struct AdversarialGradient {  // gradient of an adversarial loss with respect to the fakes of the
                                // whole batch
    at::Tensor gradient;
    double loss = 0;
  };
  struct AdversarialGradients {
    AdversarialGradient a, b;  // by netD_A on fakes of B, by netD_B on fakes of A
  };
  struct DiscriminatorSites;
  // What a discriminator learns from in a step: the whole batch.
  struct DiscriminatorBatch {
    at::Tensor real, fakes;
    PartWindow part;
  };
  static const DiscriminatorSites kSitesOfA, kSitesOfB;
  struct DiscriminatorLosses {
    double adversarial = 0, ssl = 0;
  };
  struct DiscriminatorsLosses {
    DiscriminatorLosses a, b;  // 0 where the discriminator is not held
  };

  bool holds_a() const { return communicator_.size() == 1 || communicator_.rank() % 2 == 0; }
  bool holds_b() const { return communicator_.size() == 1 || communicator_.rank() % 2 == 1; }
  int root_of_b() const { return communicator_.size() == 1 ? 0 : 1; }

  std::vector<MicroBatch> own_micro_batches(const Batch& batch) const;
  void translate(MicroBatch& micro) const;
  Fakes gather_fakes(std::vector<MicroBatch>& micros);
  AdversarialGradients adversarial_gradients(const Fakes& fakes);
  AdversarialGradient adversarial_gradient(DiscriminatorState& discriminator,
                                           const at::Tensor& fakes, AugmentSite site) const;
  at::Tensor start_generator_gradient(std::vector<MicroBatch>& micros,
                                      const AdversarialGradients& adversarial, at::Tensor& losses);
  at::Tensor backward(MicroBatch& micro, const AdversarialGradients& adversarial);
  DiscriminatorsLosses update_discriminators(const Batch& batch, const Fakes& fakes,
                                             double learning_rate);
  DiscriminatorLosses discriminator_step(DiscriminatorState& discriminator,
                                         const DiscriminatorBatch& batch,
                                         const DiscriminatorSites& sites,
                                         double learning_rate) const;
  StepLosses gather_losses(const at::Tensor& micro_losses,
                           const std::array<double, 6>& discriminator_losses);

  const RunSpec& spec_;
  TrainState& state_;
  Communicator& communicator_;
  GradientReducer reducer_;
  std::optional<SslLoss> ssl_loss_;
};

}  // namespace scgan
