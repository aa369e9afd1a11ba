#include "core/features/extractor_factory.h"

#include "core/features/inception_extractor.h"
#include "core/features/random_conv_extractor.h"
#include "core/features/torchscript_extractor.h"

namespace scgan {

std::unique_ptr<FeatureExtractor> make_feature_extractor(const ExtractorSpec& spec,
                                                         int64_t image_size, c10::Device device) {
  switch (spec.kind) {
    case ExtractorKind::kRandomConv:
      break;
    case ExtractorKind::kTorchScript:
      return open_torchscript_extractor(spec, image_size, device);
    case ExtractorKind::kInceptionV3:
      return open_inception_extractor(spec, device);
  }
  return std::make_unique<RandomConvExtractor>(device);
}

}  // namespace scgan
