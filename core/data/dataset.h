// The images of one run's data set, ready for training and scoring.
//
// Everything is in the unit "grey levels", 0 ... 255: uint8 where the source has 8 bits and no
// scaling is asked for, float32 otherwise (16-bit and float files, percentile scaling).
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/spec/run_spec.h"

namespace scgan {

struct ImageSet {
  at::Tensor images;  // [N, 3, H, W], grey levels
  std::vector<std::string>
      names;  // N file names without folder and extension (tiles: name-row-column), sorted by file
};

struct Dataset {
  ImageSet train_a,
      train_b;  // resized to load_size (image_size when crop is off); all of them, no subset
  ImageSet test_a,
      test_b;          // image_size x image_size; tiles of one field are neighbours, row by row
  std::string digest;  // see data_digest
  bool known_change = false;  // generated cells: what B changes of A can be measured
                              // (core/eval/recovered_change.h)
  // [low, high] per channel in raw values, when scaling is percentile (else the type's range).
  std::array<std::array<double, 2>, 3> range{};
};

// What is on disk, checked before a sweep starts.
struct DataSummary {
  int64_t train_a = 0, train_b = 0, test_a = 0, test_b = 0;  // fields of view (test: not tiles)
  // SHA-256 over split, name and content of the files (folders, manifest; no paths), or over the
  // generator's version and parameters (synthetic): 64 hex digits.
  std::string digest;
};

// A cache folder (core/data/data_cache.h) lets all but the first start of a data set read and
// decode no file; an empty path is none. It needs no locks, and what is wrong with it is at most a
// warning: then the images are decoded again.

// Checks the whole data set: what a folder or manifest names is there, no split empty, every image
// decodes, has 1 or 3 channels, all are of one bit depth (floats: only with percentile scaling),
// and no side is smaller than image_size. Throws Error(kData) with ALL problems, one per line, at
// most 20 and then a count. Writes nothing; trusts the cache for files whose size and time of
// change are the same.
DataSummary inspect_data(const DatasetSpec& spec, const std::filesystem::path& cache_folder = {});

// Inspected data, whose images were decoded on the way into a temporary file without a name.
class PreparedData {  // Dropping it leaves nothing on disk.
 public:
  PreparedData();
  PreparedData(PreparedData&&) noexcept;
  PreparedData& operator=(PreparedData&&) noexcept;
  ~PreparedData();

  const DataSummary& summary() const { return summary_; }

  // Puts the images into the cache folder, which is made; a warning when that fails. Does nothing
  // when they were there already or could not be kept. Ends the images' stay in the temporary file.
  void publish();

 private:
  friend PreparedData prepare_data(const DatasetSpec& spec,
                                   const std::filesystem::path& cache_folder);
  struct Images;

  DataSummary summary_;
  std::unique_ptr<Images> images_;
};

// As inspect_data, and every file that is read and decoded is so for load_data too: the images wait
// in a temporary file in the nearest existing parent of the cache folder. So one process inspects
// before the folder may exist, makes the folder, publishes; then all processes load.
PreparedData prepare_data(const DatasetSpec& spec, const std::filesystem::path& cache_folder);

// Loads it: from the cache when it is there (spec.digest, if set, saves looking at the files), else
// decodes and publishes it. Throws Error(kData) as inspect_data does. The images are to be read
// only: they may lie in a file that all processes of a machine share.
Dataset load_data(const DatasetSpec& spec, const std::filesystem::path& cache_folder = {});

}  // namespace scgan
