// The description of a data set that is kept with the generators trained on it.
#pragma once

#include "core/data/dataset.h"
#include "core/model/generator_input.h"
#include "core/spec/run_spec.h"

namespace scgan {

inline GeneratorInput training_input(const DatasetSpec& spec, const Dataset& data) {
  return {.image_size = spec.image_size,
          .tiles = spec.tiles,
          .bits = data.bits,
          .is_fitted = spec.kind != DataKind::kSynthetic && spec.scaling == Scaling::kPercentile,
          .range = data.range};
}

}  // namespace scgan
