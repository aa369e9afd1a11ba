// The images of one run's data set, ready for training and scoring.
//
// Everything is in the unit "grey levels", 0 ... 255: uint8 where the source has 8 bits and no
// scaling is asked for, float32 otherwise (16-bit files, percentile scaling).
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/spec/run_spec.h"

namespace scgan {

struct ImageSet {
  at::Tensor images;  // [N, 3, H, W], grey levels
  std::vector<std::string>
      names;  // N file names without folder and extension (tiles: name-row-column), sorted by file
};

struct DataSet {
  ImageSet train_a,
      train_b;  // resized to load_size (image_size when crop is off); all of them, no subset
  ImageSet test_a,
      test_b;          // image_size x image_size; tiles of one field are neighbours, row by row
  std::string digest;  // see data_digest
  // [low, high] per channel in raw values, when scaling is percentile (else the type's range).
  std::array<std::array<double, 2>, 3> range{};
};

// What is on disk, checked before a sweep starts.
struct DataSummary {
  int64_t train_a = 0, train_b = 0, test_a = 0, test_b = 0;  // files (test: files, not tiles)
  std::string digest;  // SHA-256 over the files' split, name and content (folders), or the
                       // generator's version and parameters (synthetic): 64 hex digits
};

// Side of the square to which training images are resized: load_size, or image_size when crop is
// off.
int64_t training_side(const DatasetSpec& spec);

// Checks the whole data set: folders there, no split empty, every image decodes, has 1 or 3
// channels, all of one bit depth, and no side smaller than the crop (image_size) asks for. Throws
// Error(kData) with ALL problems, one per line, at most 20 and then a count.
DataSummary inspect_data(const DatasetSpec& spec);

// Loads it. Throws Error(kData) as above.
DataSet load_data(const DatasetSpec& spec);

}  // namespace scgan
