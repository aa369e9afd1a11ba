// The features of folders of images of any sizes, image by image from disk: a folder never has to
// fit in memory.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <vector>

#include "core/features/feature_extractor.h"

namespace scgan {

struct FeatureOptions {
  int64_t batch_size = 50;  // images per call of the extractor; fewer where they are very large
  int64_t threads = 0;      // that decode, while the extractor runs; 0 = all cores
};

struct ImageFeatures {
  at::Tensor features;       // [files, D] float32, in the order of the files
  int64_t images_16bit = 0;  // of 16 bits
};

// Images of one size make batches, in the order of the files; the order of sizes is that of their
// first file. So the same files give the same batches. 16-bit images are scaled to 8 bits: the
// type's full range to 0 ... 255, truncated. Throws Error(kData) with ALL images that cannot be
// used, one per line, at most 20 and then a count.
ImageFeatures image_features(const std::vector<std::filesystem::path>& files,
                             const FeatureExtractor& extractor, const FeatureOptions& options);

}  // namespace scgan
