// Generated images of fluorescent cells: the embedded data set, so that a first run needs no
// download, with a ground truth against which a translation can be measured.
//
// Domain A: flat, elongated cells with a dim rim and a large nucleus. Domain B: the same with the
// change of phenotype that SyntheticSpec states; by default cells round up, shrink, brighten and
// lose the contrast of their fibres. Channels: actin-like, tubulin-like, nucleus.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "core/data/dataset.h"
#include "core/data/split.h"
#include "core/spec/run_spec.h"

namespace scgan {

// One image, uint8 [3, size, size]: a pure function of the arguments. The numbers of images in the
// spec have no influence.
at::Tensor synthetic_image(const SyntheticSpec& spec, Split split, int64_t index, int64_t size);

// What was drawn in an image of any size: means over its cells, whose centres all lie in the image.
struct CellTruth {
  int64_t cells = 0;      // one at least
  double radius = 0;      // geometric mean of the half-axes, in sides of the image
  double elongation = 0;  // ratio of the axes
  double intensity = 0;   // of the body's light, before the camera saturates; 1 = the mean of A
  double texture = 0;     // contrast of the fibres: 0 = none, 1 = full
};
CellTruth synthetic_truth(const SyntheticSpec& spec, Split split, int64_t index);

// All images of a domain and split. Training images are drawn at training_side(spec), so that
// nothing is resized: as with a folder's images, the cells of a crop are larger than those of a
// test image. Test images are drawn at tiles * image_size and cut, as a folder's are.
ImageSet synthetic_set(const DatasetSpec& spec, Split split);

// SHA-256 over the drawing's version and parameters: 64 hex digits.
std::string synthetic_digest(const DatasetSpec& spec);

// Changes whenever the drawing does; part of the digest.
inline constexpr int kSyntheticVersion = 2;

}  // namespace scgan
