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
#include "core/eval/recovered_change.h"
#include "core/eval/reference.h"
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
  // Images in each of the halves of the reference points; those values need 2 or more.
  int64_t half_size = 0;
  ReferencePoints reference;
  // For data with a known change (Dataset::known_change).
  RecoveredChange recovered;
  // [n, D] float32.
  at::Tensor real_features, fake_features;
};

class Evaluator {
 public:
  // The references must outlive the Evaluator. The first score takes the Reference from `file`, or
  // computes it and keeps it there: of all groups of ranks that need it, one computes it while the
  // others wait.
  Evaluator(const EvalSpec& spec, const Dataset& data, const FeatureExtractor& extractor,
            ReferenceFile file = {});

  // Translates the source test set of `direction`, one of evaluate.directions, with `generator` and
  // compares it with the target test set. Images are truncated to 8-bit grey levels, as if written
  // to PNG. The ranks share the work in chunks of evaluate.batch_size images; the bits do not
  // depend on the number of ranks. Collective.
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
  // Collective.
  const Reference& reference(Communicator& communicator);
  Reference compute_reference(Communicator& communicator) const;
  ReferencePoints reference_points(const Reference& reference, Direction direction) const;
  // The test images of the domain.
  const at::Tensor& images(bool of_b) const { return (of_b ? data_.test_b : data_.test_a).images; }

  const EvalSpec& spec_;
  const Dataset& data_;
  const FeatureExtractor& extractor_;
  ReferenceFile file_;
  std::optional<Reference> reference_;
};

}  // namespace scgan
