#include "core/eval/feature_extractor.h"

#include "core/eval/random_conv_extractor.h"
#include "core/eval/torchscript_extractor.h"

namespace scgan {

std::unique_ptr<FeatureExtractor> make_feature_extractor(const ExtractorSpec& spec,
                                                         int64_t image_size) {
  if (spec.kind == ExtractorKind::kTorchScript) return open_torchscript_extractor(spec, image_size);
  return std::make_unique<RandomConvExtractor>();
}

}  // namespace scgan
