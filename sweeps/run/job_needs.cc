#include "sweeps/run/job_needs.h"

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "core/model/network_factory.h"

namespace scgan::sweeps {
namespace {

// Of the process of a rank on the CPU before it loads data: LibTorch, MPI and what they allocate.
constexpr int64_t kProcessBytes = 530'000'000;
// A line of log.jsonl and one of times.jsonl; a run's rows in results.db with the thinned losses.
constexpr int64_t kLogBytesPerStep = 365;
constexpr int64_t kStoreBytes = 100'000;

int64_t elements(const NamedTensors& tensors) {
  int64_t sum = 0;
  for (const auto& [name, tensor] : tensors) sum += tensor.numel();
  return sum;
}

int64_t bytes_per_number(const RunSpec& spec) {
  return spec.train.precision == Precision::kFp64 ? 8 : 4;
}

// Of a discriminator, per image: the maps of its layers, as multiples of width x side^2.
double discriminator_activations(const RunSpec& spec) {
  const double map = static_cast<double>(spec.model.discriminator_width) *
                     static_cast<double>(spec.data.image_size * spec.data.image_size);
  return map * (spec.model.discriminator == DiscriminatorKind::kFastGan ? 3.5 : 0.9);
}

int64_t memory_bytes(const RunSpec& spec, const NetworkSizes& sizes) {
  const TrainSpec& train = spec.train;
  const int64_t micros = train.batch_size / train.micro_batch;
  // Values, gradient, two moments of Adam; sums of gradients over micro-batches.
  const int64_t sums = std::bit_width(static_cast<uint64_t>(micros));
  int64_t numbers = 8 * (sizes.generator + sizes.discriminator) + 2 * sums * sizes.generator;
  if (train.ema_decay > 0) numbers += 2 * sizes.generator;
  // Both translations of the whole batch are kept until the discriminators have seen them; then
  // each thread translates a direction of a micro-batch back, and to its own domain. What a
  // backward pass needs besides is about as much as a second thread would keep.
  const int64_t at_once = std::clamp<int64_t>(train.threads, 2, 2 * micros);
  const int64_t passes = spec.run.recompute
                             ? 3 * train.micro_batch * at_once
                             : 2 * train.batch_size + 2 * train.micro_batch * at_once;
  const double kept = static_cast<double>(passes * generator_activations(spec)) +
                      2 * static_cast<double>(train.batch_size) * discriminator_activations(spec);
  const int64_t pool = 2 * train.pool_size * 3 * spec.data.image_size * spec.data.image_size;
  return bytes_per_number(spec) * (numbers + pool + static_cast<int64_t>(kept));
}

}  // namespace

NetworkSizes network_sizes(const RunSpec& spec) {
  const auto generator = make_generator(spec.model);
  const auto discriminator = make_discriminator(spec.model, spec.data.image_size);
  return {elements(generator->parameters()), elements(discriminator->parameters()),
          elements(discriminator->buffers())};
}

// The inputs of convolutions and norms, and the result of tanh: 2 maps of the first layer, 1 and
// 1/2 of the next two, 4 of a quarter each in a residual block, 1/4 before and 1 and 3 in the last
// three layers, all in units of width x side^2; and the image thrice.
int64_t generator_activations(const RunSpec& spec) {
  const int64_t map = spec.data.image_size * spec.data.image_size;
  const int64_t quarters = 8 + 4 + 2 + 4 * spec.model.generator_blocks + 1 + 4 + 12;
  return map * spec.model.generator_width * quarters / 4 + 9 * map;
}

RunNeeds needs_of(const JobRun& run, const NetworkSizes& sizes) {
  const RunSpec& spec = run.spec;
  const int64_t number = bytes_per_number(spec);
  RunNeeds needs;
  const int64_t score_bytes = (run.test_a + run.test_b) * run.feature_count * 4;
  needs.kept_bytes = kStoreBytes;
  for (const auto& [kind, bytes] :
       {std::pair{RunFile::kWeights, 2 * sizes.generator * number},
        {RunFile::kFeatures, std::ssize(spec.evaluate.directions) * score_bytes},
        {RunFile::kLog, run.record.total_steps * kLogBytesPerStep}}) {
    const bool kept = std::ranges::find(spec.run.keep, kind) != spec.run.keep.end();
    (kept ? needs.kept_bytes : needs.removed_bytes) += bytes;
  }
  int64_t numbers = 6 * (sizes.generator + sizes.discriminator) + 2 * sizes.buffers;
  if (spec.train.ema_decay > 0) numbers += 2 * sizes.generator;
  if (spec.evaluate.checkpoint == CheckpointChoice::kBest) numbers += 2 * sizes.generator;
  numbers += 2 * spec.train.pool_size * 3 * spec.data.image_size * spec.data.image_size;
  needs.removed_bytes += 3 * numbers * number;
  // With the copy of the state that a checkpoint is written from.
  needs.memory_bytes = memory_bytes(spec, sizes) + numbers * number + kProcessBytes;
  return needs;
}

}  // namespace scgan::sweeps
