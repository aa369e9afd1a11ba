// Inception-v3 of 2015 as feature extractor: with its published weights, FID and KID as published.
#pragma once

#include <c10/core/Device.h>

#include <filesystem>
#include <functional>
#include <memory>

#include "core/features/feature_extractor.h"
#include "core/spec/run_spec.h"

namespace scgan {

// uint8 [N, 3, H, W] -> floating point [N, 2048] on any device.
using InceptionNetwork = std::function<at::Tensor(const at::Tensor& images)>;

// spec.file is one of two kinds, recognized by their content:
//   safetensors  the published state dict, converted by tools/convert_inception.py, for InceptionV3
//   TorchScript  the published inception-2015-12-05.pt, which does the resizing of
//                legacy_tensorflow itself
// Logs a warning when the file is not made from the published one. Throws Error(kData) naming the
// file and what is wrong with it.
std::unique_ptr<FeatureExtractor> open_inception_extractor(const ExtractorSpec& spec,
                                                           c10::Device device);

// For the second kind.
InceptionNetwork open_torchscript_inception(const std::filesystem::path& file,
                                            InceptionInput variant, c10::Device device);

}  // namespace scgan
