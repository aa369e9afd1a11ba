#include "core/eval/evaluator.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <utility>
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

Evaluator::Evaluator(const EvalSpec& spec, const Dataset& data, const FeatureExtractor& extractor,
                     ReferenceFile file)
    : spec_(spec), data_(data), extractor_(extractor), file_(std::move(file)) {}

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

// Ranks that trained different runs before may differ in what they have.
const Reference& Evaluator::reference(Communicator& communicator) {
  if (!any_rank(communicator, !reference_)) return *reference_;
  Descriptor lock;
  if (communicator.rank() == 0) lock = file_.lock();
  any_rank(communicator, false);  // waits for rank 0
  if (!reference_) reference_ = file_.load();
  if (!any_rank(communicator, !reference_)) return *reference_;
  reference_ = compute_reference(communicator);
  if (communicator.rank() == 0) file_.save(*reference_);
  return *reference_;
}

Reference Evaluator::compute_reference(Communicator& communicator) const {
  Reference computed;
  computed.features_a = features(images(false), as_uint8, communicator);
  computed.features_b = features(images(true), as_uint8, communicator);
  computed.variance_a = pixel_variance(as_uint8(images(false)));
  computed.variance_b = pixel_variance(as_uint8(images(true)));
  for (const Direction direction : spec_.directions) {
    computed.points[direction] = reference_points(computed, direction);
  }
  return computed;
}

ReferencePoints Evaluator::reference_points(const Reference& reference, Direction direction) const {
  const bool to_b = direction == Direction::kAtoB;
  const at::Tensor& real = to_b ? reference.features_b : reference.features_a;
  const at::Tensor& untranslated = to_b ? reference.features_a : reference.features_b;
  const KidOptions one_subset{1, 2};  // only the estimate on all images is used
  ReferencePoints points;
  points.fid_untranslated = frechet_distance(real, untranslated);
  points.kid_untranslated = kernel_distance(real, untranslated, one_subset).full;
  const int64_t count = real.size(0), half = count / 2;
  if (half < 2) return points;
  const auto halves = [&](const at::Tensor& all) {
    return std::pair{all.narrow(0, 0, half), all.narrow(0, count - half, half)};
  };
  const auto [first, last] = halves(real);
  points.fid_real_halves = frechet_distance(first, last);
  points.kid_real_halves = kernel_distance(first, last, one_subset).full;
  if (data_.known_change && untranslated.size(0) >= 2) {
    const auto [target, other] = halves(as_uint8(images(to_b)));
    points.recovered_real_halves = recovered_change(as_uint8(images(!to_b)), target, other).total;
  }
  return points;
}

Score Evaluator::score(Generator& generator, Direction direction, Communicator& communicator) {
  const bool to_b = direction == Direction::kAtoB;
  const at::Tensor& source = images(!to_b);
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
    const at::Tensor& target = images(to_b);
    if (source.size(0) >= 2 && target.size(0) >= 4) {
      score.recovered = recovered_change(as_uint8(source), as_uint8(target), fakes);
    }
  } else {
    score.fake_features = compute_rows(
        source.size(0),
        [&](int64_t first, int64_t count) { return extractor_.features(translate(first, count)); },
        communicator);
  }
  outputs.share(communicator);
  const Reference& reference = this->reference(communicator);
  score.spread =
      output_spread(outputs.variance(), to_b ? reference.variance_b : reference.variance_a);
  score.reference = reference.points.at(direction);
  score.real_features = to_b ? reference.features_b : reference.features_a;
  score.n_real = score.real_features.size(0);
  score.n_fake = score.fake_features.size(0);
  score.half_size = score.n_real / 2;
  score.fid = frechet_distance(score.real_features, score.fake_features);
  score.kid = kernel_distance(score.real_features, score.fake_features,
                              {spec_.kid_subsets, spec_.kid_subset_size});
  return score;
}

}  // namespace scgan
