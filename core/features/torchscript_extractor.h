// A user's TorchScript module as feature extractor.
#pragma once

#include <c10/core/Device.h>

#include <memory>

#include "core/features/feature_extractor.h"
#include "core/spec/run_spec.h"

namespace scgan {

// The module must have forward(uint8 [N, 3, H, W]) -> floating point [N, D] or [N, D, 1, 1]. Throws
// as make_feature_extractor (core/features/extractor_factory.h).
std::unique_ptr<FeatureExtractor> open_torchscript_extractor(const ExtractorSpec& spec,
                                                             int64_t image_size,
                                                             c10::Device device);

}  // namespace scgan
