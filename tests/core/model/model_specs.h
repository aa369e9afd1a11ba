// The discriminators of the tests.
#pragma once

#include <cstdint>

#include "core/spec/run_spec.h"

namespace scgan::testing {

inline ModelSpec patch_spec(int64_t width) {
  ModelSpec spec;
  spec.discriminator = DiscriminatorKind::kPatch;
  spec.discriminator_width = width;
  return spec;
}

inline ModelSpec ssl_spec(int64_t width) {
  ModelSpec spec;
  spec.discriminator = DiscriminatorKind::kFastGan;
  spec.discriminator_width = width;
  return spec;
}

}  // namespace scgan::testing
