// Makes the feature extractor that a spec names.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <memory>

#include "core/features/feature_extractor.h"
#include "core/spec/run_spec.h"

namespace scgan {

// Computes on `device`. Throws Error(kData), with a message that begins with the file's name, when
// the file cannot be read or does not fit spec.kind. A torchscript module is tried on two images of
// image_size: it must return [2, D] floating point numbers, the same at every call, different for
// the two images, and for each image the same without the other.
std::unique_ptr<FeatureExtractor> make_feature_extractor(const ExtractorSpec& spec,
                                                         int64_t image_size,
                                                         c10::Device device = c10::kCPU);

}  // namespace scgan
