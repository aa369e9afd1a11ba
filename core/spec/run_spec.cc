#include "core/spec/run_spec.h"

#include <cmath>

namespace scgan {

void resolve_defaults(RunSpec& spec) {
  DatasetSpec& data = spec.data;
  if (data.load_size == 0) {
    data.load_size = data.crop ? std::llround(static_cast<double>(data.image_size) * 286 / 256)
                               : data.image_size;
  }
  if (spec.model.generator_blocks == 0) {
    spec.model.generator_blocks = data.image_size >= 256 ? 9 : 6;
  }
}

}  // namespace scgan
