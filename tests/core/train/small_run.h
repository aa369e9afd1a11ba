// The spec of a run that is small enough for unit tests, on generated cells.
#pragma once

#include "core/data/dataset.h"
#include "core/spec/run_spec.h"

namespace scgan::testing {

inline RunSpec small_run(DiscriminatorKind discriminator) {
  RunSpec spec;
  spec.seed = 3;
  spec.data.image_size = 64;
  spec.data.synthetic = {6, 4, 1};
  spec.model.generator_width = 4;
  spec.model.generator_blocks = 1;
  spec.model.discriminator = discriminator;
  spec.model.discriminator_width = 4;
  spec.train.epochs = 2;
  spec.train.decay_epochs = 1;
  spec.train.batch_size = 4;
  spec.train.micro_batch = 1;
  spec.train.pool_size = 5;
  spec.evaluate.kid_subsets = 3;
  if (discriminator == DiscriminatorKind::kFastGan) spec.loss.d_adv_scale = 1;
  resolve_defaults(spec);
  return spec;
}

}  // namespace scgan::testing
