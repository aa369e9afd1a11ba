// The images of one data set, ready for training and scoring.
//
// The unit of all pixels is the grey level, 0 ... 255: uint8 if the source has 8 bits and the
// scaling is dtype, float32 otherwise (16-bit and float files, percentile scaling).
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace scgan {

struct ImageSet {
  // [N, 3, H, W], grey levels.
  at::Tensor images;
  // N names: of the file without folder and extension, or NAME-ROW-COLUMN for tiles; sorted by
  // file.
  std::vector<std::string> names;
};

struct Dataset {
  // Resized to training_side(); all images, not the subset of a run.
  ImageSet train_a, train_b;
  // image_size x image_size; the tiles of one field are neighbours, row by row.
  ImageSet test_a, test_b;
  // As in DataSummary.
  std::string digest;
  // Generated cells: it can be measured how much of the change from A to B a translation makes
  // (core/eval/recovered_change.h).
  bool known_change = false;
  // Per channel of the source files: 8, 16, or 32 (float).
  int64_t bits = 8;
  // [low, high] per channel in raw values: the percentiles, or the range of the file's type.
  std::array<std::array<double, 2>, 3> range{};
};

// The result of an inspection.
struct DataSummary {
  // Numbers of fields of view (of test fields, not of their tiles).
  int64_t train_a = 0, train_b = 0, test_a = 0, test_b = 0;
  // 64 hex digits: SHA-256 over split, name and content of the files (no paths), or over version
  // and parameters of the generator (kind synthetic).
  std::string digest;
  // Depth, colour, size and range of the images in words; empty for generated ones.
  std::string description;
  // What the user should know of the images (core/data/data_notes.h); empty for generated ones.
  std::vector<std::string> notes;
};

}  // namespace scgan
