#include "core/eval/evaluator.h"

#include <ATen/ATen.h>

#include <vector>

#include "core/data/data_loader.h"
#include "core/eval/fid.h"

namespace scgan {
namespace {

at::Tensor as_uint8(const at::Tensor& grey_levels) {
  return grey_levels.scalar_type() == at::kByte ? grey_levels
                                                : to_grey_levels(to_network_range(grey_levels));
}

}  // namespace

Evaluator::Evaluator(const EvalSpec& spec, const DataSet& data, const FeatureExtractor& extractor)
    : spec_(spec), data_(data), extractor_(extractor) {}

at::Tensor Evaluator::features(const at::Tensor& images, const Translate& translate,
                               Communicator& communicator) const {
  const at::NoGradGuard no_grad;
  const int64_t count = images.size(0);
  const int64_t chunk = spec_.batch_size;
  const int64_t ranks = communicator.size();
  const int64_t chunks = (count + chunk - 1) / chunk;
  const int64_t rounds = (chunks + ranks - 1) / ranks;  // of one chunk per rank
  std::vector<at::Tensor> mine;
  for (int64_t round = 0; round < rounds; ++round) {
    // A rank without a chunk in the last round repeats the last one; its rows are dropped below.
    const int64_t index = std::min(round * ranks + communicator.rank(), chunks - 1);
    const int64_t first = index * chunk;
    const at::Tensor part = images.narrow(0, first, std::min(chunk, count - first));
    const at::Tensor rows = extractor_.features(translate(part));
    at::Tensor padded = at::zeros({chunk, rows.size(1)}, rows.options());
    padded.narrow(0, 0, rows.size(0)).copy_(rows);
    mine.push_back(padded);
  }
  // [ranks, rounds, chunk, D] -> rounds first: the order of the images.
  const at::Tensor all = gathered(communicator, at::stack(mine).unsqueeze(0));
  return all.transpose(0, 1).reshape({-1, all.size(-1)}).narrow(0, 0, count).contiguous();
}

const at::Tensor& Evaluator::real_features(bool of_b, Communicator& communicator) {
  auto& kept = of_b ? real_b_ : real_a_;
  if (!kept) {
    kept = features((of_b ? data_.test_b : data_.test_a).images, as_uint8, communicator);
  }
  return *kept;
}

Score Evaluator::score(Generator& generator, Direction direction, Communicator& communicator,
                       c10::Device device) {
  const bool to_b = direction == Direction::kAtoB;
  const at::Tensor& source = (to_b ? data_.test_a : data_.test_b).images;
  Score score;
  score.direction = direction;
  score.fake_features = features(
      source,
      [&](const at::Tensor& part) {
        return to_grey_levels(generator.forward(to_network_range(part).to(device)).to(at::kCPU));
      },
      communicator);
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
