#include "core/eval/evaluator.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <vector>

#include "core/eval/fid.h"
#include "core/image/pixel_range.h"

namespace scgan {
namespace {

// Grey levels as PNG would store them: truncated, like those of translated images.
at::Tensor as_uint8(const at::Tensor& grey_levels) {
  return grey_levels.scalar_type() == at::kByte ? grey_levels
                                                : grey_levels.clamp(0, 255).to(at::kByte);
}

}  // namespace

Evaluator::Evaluator(const EvalSpec& spec, const Dataset& data, const FeatureExtractor& extractor)
    : spec_(spec), data_(data), extractor_(extractor) {}

at::Tensor Evaluator::compute_rows(int64_t total, const Rows& rows,
                                   Communicator& communicator) const {
  const at::NoGradGuard no_grad;
  const int64_t chunk = spec_.batch_size;
  const int64_t ranks = communicator.size();
  const int64_t chunks = (total + chunk - 1) / chunk;
  const int64_t rounds = (chunks + ranks - 1) / ranks;  // of one chunk per rank
  std::vector<at::Tensor> mine;
  for (int64_t round = 0; round < rounds; ++round) {
    // A rank without a chunk in the last round repeats the last chunk; its rows are dropped below.
    const int64_t index = std::min(round * ranks + communicator.rank(), chunks - 1);
    const int64_t first = index * chunk;
    const at::Tensor made = rows(first, std::min(chunk, total - first));
    auto shape = made.sizes().vec();
    shape.front() = chunk;
    at::Tensor padded = at::zeros(shape, made.options());
    padded.narrow(0, 0, made.size(0)).copy_(made);
    mine.push_back(padded);
  }
  // [ranks, rounds, chunk, ...] -> rounds first: the order of the images.
  const at::Tensor all = all_gather_rows(communicator, at::stack(mine).unsqueeze(0));
  return all.transpose(0, 1).flatten(0, 2).narrow(0, 0, total).contiguous();
}

at::Tensor Evaluator::features(const at::Tensor& images, const Translate& translate,
                               Communicator& communicator) const {
  return compute_rows(
      images.size(0),
      [&](int64_t first, int64_t count) {
        return extractor_.features(translate(images.narrow(0, first, count)));
      },
      communicator);
}

const at::Tensor& Evaluator::real_features(bool of_b, Communicator& communicator) {
  auto& kept = of_b ? real_b_ : real_a_;
  // Ranks that trained different runs before may differ in what they have computed, and the call
  // is collective.
  if (any_rank(communicator, !kept)) {
    kept = features((of_b ? data_.test_b : data_.test_a).images, as_uint8, communicator);
  }
  return *kept;
}

const PixelVariance& Evaluator::real_variance(bool of_b) {
  auto& kept = of_b ? variance_b_ : variance_a_;
  if (!kept) kept = pixel_variance(as_uint8((of_b ? data_.test_b : data_.test_a).images));
  return *kept;
}

void Evaluator::measure_change(const at::Tensor& source, const at::Tensor& target,
                               const at::Tensor& fakes, Score& score) const {
  const at::Tensor from = as_uint8(source);
  const at::Tensor to = as_uint8(target);
  const int64_t half = to.size(0) / 2;
  if (from.size(0) < 2 || half < 2) return;
  score.recovered = recovered_change(from, to, fakes);
  score.recovered_real_halves =
      recovered_change(from, to.narrow(0, 0, half), to.narrow(0, to.size(0) - half, half)).total;
}

Score Evaluator::score(Generator& generator, Direction direction, Communicator& communicator) {
  const bool to_b = direction == Direction::kAtoB;
  const at::Tensor& source = (to_b ? data_.test_a : data_.test_b).images;
  Score score;
  score.direction = direction;
  PixelSums outputs(source.size(0), source.sizes().slice(1));
  const Rows translate = [&](int64_t first, int64_t count) {
    const at::Tensor input =
        to_network_range(source.narrow(0, first, count)).to(generator.options());
    const at::Tensor made = to_grey_levels(generator.forward(input).to(at::kCPU));
    // compute_rows() repeats the last chunk on ranks that have none.
    const bool is_own = first / spec_.batch_size % communicator.size() == communicator.rank();
    if (is_own) outputs.add(first, made);
    return made;
  };
  if (data_.known_change) {
    const at::Tensor fakes = compute_rows(source.size(0), translate, communicator);
    score.fake_features = features(fakes, as_uint8, communicator);
    measure_change(source, (to_b ? data_.test_b : data_.test_a).images, fakes, score);
  } else {
    score.fake_features = compute_rows(
        source.size(0),
        [&](int64_t first, int64_t count) { return extractor_.features(translate(first, count)); },
        communicator);
  }
  outputs.share(communicator);
  score.spread = output_spread(outputs.variance(), real_variance(to_b));
  const at::Tensor& real = real_features(to_b, communicator);
  const at::Tensor& untranslated = real_features(!to_b, communicator);
  const KidOptions options{spec_.kid_subsets, spec_.kid_subset_size};
  score.real_features = real;
  score.n_real = real.size(0);
  score.n_fake = score.fake_features.size(0);
  score.fid = frechet_distance(real, score.fake_features);
  score.kid = kernel_distance(real, score.fake_features, options);
  score.fid_untranslated = frechet_distance(real, untranslated);
  score.kid_untranslated = kernel_distance(real, untranslated, options).full;
  const int64_t half = score.half_size = score.n_real / 2;
  if (half >= 2) {
    const at::Tensor first = real.narrow(0, 0, half);
    const at::Tensor last = real.narrow(0, score.n_real - half, half);
    score.fid_real_halves = frechet_distance(first, last);
    score.kid_real_halves = kernel_distance(first, last, options).full;
  }
  return score;
}

}  // namespace scgan
