// GanStep: one iteration of CycleGAN training whose bits do not depend on the number of ranks.
//
// The generators are data-parallel: a batch is split into micro-batches of fixed size, each rank
// processes a contiguous range of them, and the gradients are added in the canonical tree. The
// discriminators see the whole batch; placement.h says which ranks hold them. Updates follow the
// published order: the discriminators are trained on fakes made before the generators' update. With
// train.order d_first the discriminators are updated first, and the generators' adversarial loss is
// computed with the updated discriminators.
//
// On CPUs, the two directions of each micro-batch and the two discriminators are computed side by
// side on the threads of the rank; on a GPU, the discriminators on two streams.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "core/comm/communicator.h"
#include "core/comm/gradient_reducer.h"
#include "core/comm/work_recorder.h"
#include "core/data/data_loader.h"
#include "core/model/diff_augment.h"
#include "core/model/ssl_loss.h"
#include "core/spec/run_spec.h"
#include "core/train/pending_losses.h"
#include "core/train/recorded_step.h"
#include "core/train/step_inputs.h"
#include "core/train/train_state.h"
#include "core/train/two_streams.h"
#include "core/train/workers.h"

namespace scgan {

class GanStep {
 public:
  // All references must outlive the GanStep; the communicator's size must be one of
  // possible_ranks_per_run(spec). With run.cuda_graph, a communicator of one rank and a `recorder`,
  // the first steps run as usual, the next one is recorded, and all further ones repeat it. If the
  // recording fails, steps run as usual, after a warning. `buckets` applies to
  // Reduction::kAllReduce.
  GanStep(const RunSpec& spec, TrainState& state, Communicator& communicator,
          WorkRecorder recorder = {}, BucketSizes buckets = {});

  // Updates all networks once with `batch`, the whole batch of step `state.step`, and increments
  // the step. On a GPU everything is only queued: the state must not be read on the host before
  // the step's losses, which this returns. Collective.
  PendingLosses run(const Batch& batch, double learning_rate);

  // Returns the memory of a recorded step. Further steps run as usual.
  void drop_recording();

  // Copies the state of both discriminators (parameters, Adam, buffers) to every rank, as a
  // checkpoint needs it. The copies are complete when this returns. Collective.
  void collect_discriminators();

 private:
  struct Translation;
  struct MicroBatch;
  struct Objective;
  struct DiscriminatorRole;
  static const DiscriminatorRole kRoleOfA, kRoleOfB;

  // The fakes of the whole batch, detached.
  struct Fakes {
    at::Tensor a, b;
  };
  // Gradients of the generators' adversarial losses with respect to the fakes of the whole batch:
  // `a` for netD_A's loss and the fakes of B, `b` for netD_B's loss and the fakes of A.
  struct AdversarialGradients {
    at::Tensor a, b;
  };
  // The whole batch that a discriminator is trained on in a step.
  struct DiscriminatorBatch {
    at::Tensor real, fakes;
  };

  // Queues the step that `inputs_` describes. Returns this rank's loss terms.
  LossTerms compute();

  bool is_held(const DiscriminatorState& discriminator) const;
  int first_holder(const DiscriminatorState& discriminator) const;
  // Does the work for each discriminator that this rank holds; for both at once, unless
  // run.recompute asks for less memory.
  void for_held(const std::function<void()>& work_a, const std::function<void()>& work_b);
  // Workers::run in the arithmetic of the run.
  void side_by_side(int64_t count, int inner, const std::function<void(int64_t)>& work);

  at::Tensor augmented(const at::Tensor& images, AugmentSite site) const;
  std::vector<MicroBatch> own_micro_batches() const;
  Fakes gather_fakes(std::vector<MicroBatch>& micros);
  // Adds the terms of the discriminators that this rank holds to `losses`, as below.
  AdversarialGradients adversarial_gradients(const Fakes& fakes, LossTerms& losses);
  at::Tensor adversarial_gradient(DiscriminatorState& discriminator, const DiscriminatorRole& role,
                                  const at::Tensor& fakes, DiscriminatorTerms& terms) const;
  void update_discriminators(const Fakes& fakes, LossTerms& losses);
  void discriminator_step(DiscriminatorState& discriminator, const DiscriminatorRole& role,
                          const StepInputs::OfDiscriminator& inputs,
                          const DiscriminatorBatch& batch, DiscriminatorTerms& terms) const;

  at::Tensor start_generator_gradient(std::vector<MicroBatch>& micros,
                                      const AdversarialGradients& adversarial, LossTerms& losses);
  std::vector<at::Tensor> whole_gradients(std::span<MicroBatch> micros,
                                          const AdversarialGradients& adversarial,
                                          std::vector<at::Tensor>& rows);
  at::Tensor backward(const MicroBatch& micro, const AdversarialGradients& adversarial);
  Objective objective(const MicroBatch& micro, Direction direction,
                      const AdversarialGradients& adversarial) const;
  static at::Tensor terms(const Objective& of_a, const Objective& of_b);

  const RunSpec& spec_;
  TrainState& state_;
  Communicator& communicator_;
  GradientReducer reducer_;
  std::optional<SslLoss> ssl_loss_;
  std::optional<TwoStreams> streams_;  // on a GPU
  Workers workers_;
  // CPU threads of an operation of the generators and of the discriminators.
  int generator_threads_ = 1, discriminator_threads_ = 1;
  StepInputs inputs_;
  RecordedStep recorded_;
  // Of the last step. A recorded step writes them to the same memory every time.
  LossTerms losses_;
};

}  // namespace scgan
