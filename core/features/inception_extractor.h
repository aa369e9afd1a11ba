// Inception-v3 of 2015 as feature extractor: FID and KID as published, given the published weights.
#pragma once

#include <c10/core/Device.h>

#include <filesystem>
#include <functional>
#include <memory>

#include "core/features/feature_extractor.h"

namespace scgan {

// uint8 [N, 3, H, W] -> floating point [N, 2048] on any device.
using InceptionNetwork = std::function<at::Tensor(const at::Tensor& images)>;

// spec.file is either of two, told apart by content:
//   safetensors  the published state dict, converted by tools/convert_inception.py; computed by
//                InceptionV3
//   TorchScript  the published inception-2015-12-05.pt, which resizes by itself for
//                legacy_tensorflow
// Warns in the log where the file is not made from the published one. Throws Error(kData) naming
// the file and what is wrong with it.
std::unique_ptr<FeatureExtractor> open_inception_extractor(const ExtractorSpec& spec,
                                                           c10::Device device);

// The second of the two.
InceptionNetwork open_torchscript_inception(const std::filesystem::path& file,
                                            InceptionInput variant, c10::Device device);

}  // namespace scgan
