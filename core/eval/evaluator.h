// Evaluator: scores a generator on the test images by FID and KID, and on generated cells by how
// much of the known change the translation recovers.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <optional>

#include "core/comm/communicator.h"
#include "core/data/dataset.h"
#include "core/eval/kid.h"
#include "core/eval/output_spread.h"
#include "core/eval/recovered_change.h"
#include "core/features/feature_extractor.h"
#include "core/model/networks.h"
#include "core/spec/run_spec.h"

namespace scgan {

struct Score {
  Direction direction = Direction::kAtoB;
  double fid = 0;
  KidResult kid;
  int64_t n_real = 0, n_fake = 0;
  // How much the generated images differ, relative to the real target images.
  std::optional<double> spread;
  // Reference points: the untranslated source images against the real target images, and the first
  // n / 2 of the real target images against the last n / 2 (so that the tiles of a field of view
  // stay together).
  double fid_untranslated = 0, kid_untranslated = 0;
  double fid_real_halves = 0, kid_real_halves = 0;
  // Images in each half; the two values above need 2 or more.
  int64_t half_size = 0;
  // For data with a known change (Dataset::known_change): of the generated images, and of one half
  // of the real target images with the other half as the target.
  RecoveredChange recovered;
  std::optional<double> recovered_real_halves;
  // [n, D] float32.
  at::Tensor real_features, fake_features;
};

class Evaluator {
 public:
  // The arguments must outlive the Evaluator. It computes the features of the real test sets once.
  Evaluator(const EvalSpec& spec, const Dataset& data, const FeatureExtractor& extractor);

  // Translates the source test set of `direction` with `generator` and compares it with the target
  // test set. Images are truncated to 8-bit grey levels, as if written to PNG. The ranks share the
  // work in chunks of evaluate.batch_size images; the bits do not depend on the number of ranks.
  // Collective.
  Score score(Generator& generator, Direction direction, Communicator& communicator);

 private:
  using Translate = std::function<at::Tensor(const at::Tensor& grey_levels)>;
  using Rows = std::function<at::Tensor(int64_t first, int64_t count)>;
  // Calls rows(first, count), which returns [count, ...], for chunks of 0 ... total - 1 that the
  // ranks share, and returns all rows in order. Collective.
  at::Tensor compute_rows(int64_t total, const Rows& rows, Communicator& communicator) const;
  // Features of the translated images, in their order. Collective.
  at::Tensor features(const at::Tensor& images, const Translate& translate,
                      Communicator& communicator) const;
  void measure_change(const at::Tensor& source, const at::Tensor& target, const at::Tensor& fakes,
                      Score& score) const;
  const at::Tensor& real_features(bool of_b, Communicator& communicator);
  const PixelVariance& real_variance(bool of_b);

  const EvalSpec& spec_;
  const Dataset& data_;
  const FeatureExtractor& extractor_;
  std::optional<at::Tensor> real_a_, real_b_;
  std::optional<PixelVariance> variance_a_, variance_b_;
};

}  // namespace scgan
