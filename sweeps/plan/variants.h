// The built-in variants: the models that the SCGAN paper compares.
#pragma once

#include <vector>

#include "sweeps/plan/sweep_spec.h"

namespace scgan::sweeps {

// cyclegan, cyclegan_diffaug and scgan. Their presets set exactly the keys that have
// SpecKey::variant_only.
std::vector<Variant> builtin_variants();

}  // namespace scgan::sweeps
