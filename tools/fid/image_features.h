// Computes the features of image files of any sizes, a batch at a time, so that a folder need not
// fit in memory.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <vector>

#include "core/features/feature_extractor.h"

namespace scgan {

struct FeatureOptions {
  // Images per call of the extractor; fewer when they are very large.
  int64_t batch_size = 50;
  // Threads that decode images while the extractor runs; 0 = one per core.
  int64_t threads = 0;
};

struct ImageFeatures {
  // [files, D] float32, in the order of the files.
  at::Tensor features;
  int64_t images_16bit = 0;
};

// Groups images of one size into batches, in the order of the files; sizes come in the order of
// their first file. The same files therefore make the same batches. Scales 16-bit images to 8 bits:
// their full range to 0 ... 255, truncated. Throws Error(kData) naming all images that cannot be
// used, one per line, at most 20 and then a count.
ImageFeatures image_features(const std::vector<std::filesystem::path>& files,
                             const FeatureExtractor& extractor, const FeatureOptions& options);

}  // namespace scgan
