// Computes the features of image files of any sizes, a batch at a time, so that a folder need not
// fit in memory.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/features/feature_extractor.h"
#include "core/image/raw_image.h"
#include "core/image/scaling.h"

namespace scgan {

struct FeatureOptions {
  // Images per call of the extractor; fewer when they are very large.
  int64_t batch_size = 50;
  // Threads that decode images while the extractor runs; 0 = one per core.
  int64_t threads = 0;
};

// What happens to an image before the extractor sees it, as in a sweep: raw values become grey
// levels, the image is resized and cut into squares, the levels are truncated to 8 bits.
struct Preparation {
  // Side of the squares; 0 = images keep their size and are not cut.
  int64_t size = 0;
  // Images are resized to tiles * size pixels per side and cut into tiles x tiles squares.
  int64_t tiles = 1;
  // The raw values that are black and white; nullopt: the ends of the range of each file's type,
  // which must have 8 or 16 bits.
  std::optional<ChannelRanges> ranges = std::nullopt;
  // The depth that files must have, and why; 0: any.
  int64_t bits = 0;
  std::string depth_reason = {};
};

struct ImageFeatures {
  // [images, D] float32, in the order of the files, tiles row by row.
  at::Tensor features;
  // Files of 16 bits, which were scaled by their full range.
  int64_t images_16bit = 0;
  // Files that were resized.
  int64_t resized = 0;
};

// Groups images of one size into batches, in the order of the files; sizes come in the order of
// their first file. The same files therefore make the same batches. Throws Error(kData) naming all
// images that cannot be used, one per line, at most 20 and then a count.
ImageFeatures image_features(const std::vector<ImageFiles>& files,
                             const FeatureExtractor& extractor, const FeatureOptions& options,
                             const Preparation& preparation = {});

}  // namespace scgan
