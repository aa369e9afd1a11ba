// Evaluator: a trained generator and the test images -> FID and KID of a direction, and for
// generated cells how much of the known change the translation recovers.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <functional>
#include <optional>

#include "core/comm/communicator.h"
#include "core/data/dataset.h"
#include "core/eval/kid.h"
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
  // What the numbers stand between: the source images as they are against the real target images,
  // and one half of the real target images against the other (the first and the last n / 2, so
  // tiles of a field stay together).
  double fid_untranslated = 0, kid_untranslated = 0;
  double fid_real_halves = 0, kid_real_halves = 0;
  int64_t half_size = 0;  // images in each half; the two values need 2 or more
  // Where the data has a known change (Dataset::known_change): of the generated images, and of one
  // half of the real target images when the other is the target.
  RecoveredChange recovered;
  std::optional<double> recovered_real_halves;
  at::Tensor real_features, fake_features;  // [n, D] float32
};

class Evaluator {
 public:
  // The arguments must outlive the Evaluator, which keeps the features of the real test sets.
  Evaluator(const EvalSpec& spec, const Dataset& data, const FeatureExtractor& extractor);

  // Translates the whole test set of the direction's source with `generator` and compares it with
  // the target's. Images pass through 8-bit grey levels, as if written to PNG. Work is shared by
  // the ranks, in chunks of evaluate.batch_size images: the bits do not depend on their number.
  // Collective.
  Score score(Generator& generator, Direction direction, Communicator& communicator,
              c10::Device device);

 private:
  using Translate = std::function<at::Tensor(const at::Tensor& grey_levels)>;
  using Rows = std::function<at::Tensor(int64_t first, int64_t count)>;
  // rows(first, count) [count, ...] for all of 0 ... total - 1, made in chunks shared by the ranks,
  // in order. Collective.
  at::Tensor gathered_rows(int64_t total, const Rows& rows, Communicator& communicator) const;
  // Features of `images` after `translate`, uint8 to uint8, in their order. Collective.
  at::Tensor features(const at::Tensor& images, const Translate& translate,
                      Communicator& communicator) const;
  void measure_change(const at::Tensor& source, const at::Tensor& target, const at::Tensor& fakes,
                      Score& score) const;
  const at::Tensor& real_features(bool of_b, Communicator& communicator);

  const EvalSpec& spec_;
  const Dataset& data_;
  const FeatureExtractor& extractor_;
  std::optional<at::Tensor> real_a_, real_b_;
};

}  // namespace scgan
