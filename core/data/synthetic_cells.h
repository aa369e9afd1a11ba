// Generates images of fluorescent cells: the built-in data set, so that a first run needs no
// download. Its ground truth allows the error of a translation to be measured.
//
// Domain A: flat, elongated cells with a dim rim and a large nucleus. Domain B: the same cells with
// the change of phenotype that SyntheticSpec specifies; by default, cells become rounder, smaller
// and brighter, and their fibres lose contrast. Channels: actin-like, tubulin-like, nucleus.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "core/data/dataset.h"
#include "core/data/split.h"
#include "core/spec/run_spec.h"

namespace scgan {

// Returns one image, uint8 [3, size, size], as a pure function of the arguments. The numbers of
// images in `spec` have no influence.
at::Tensor synthetic_image(const SyntheticSpec& spec, Split split, int64_t index, int64_t size);

// The true properties of the cells in an image of any size: means over the cells, whose centres all
// lie in the image.
struct CellTruth {
  // Number of cells, at least one.
  int64_t cells = 0;
  // Geometric mean of the half-axes, in units of the image side.
  double radius = 0;
  // Ratio of the axes.
  double elongation = 0;
  // Light of the cell body before the camera saturates; 1 = the mean of A.
  double intensity = 0;
  // Contrast of the fibres: 0 = none, 1 = full.
  double texture = 0;
};
CellTruth synthetic_truth(const SyntheticSpec& spec, Split split, int64_t index);

// Returns all images of a domain and split. Training images are drawn at training_side(spec), so
// that they need no resizing: as with images from a folder, the cells of a crop are larger than
// those of a test image. Test images are drawn at tiles * image_size and cut into tiles, as those
// from a folder are.
ImageSet synthetic_set(const DatasetSpec& spec, Split split);

// Returns the SHA-256 of the version and the parameters of the drawing: 64 hex digits.
std::string synthetic_digest(const DatasetSpec& spec);

// Must be increased whenever the drawing changes; part of the digest.
inline constexpr int kSyntheticVersion = 2;

}  // namespace scgan
