// How much of a change of phenotype a translation recovers: measured on the cells of the generated
// images, and so in the terms of the biologist, beside FID and KID.
//
// Five features of a set of images: the number of cells per image and the means over the cells of
// radius, elongation, intensity and texture (core/eval/cell_segmentation.h). A feature's share is
// (generated - source) / (target - source), on a logarithmic scale but for the number: 0 = as in
// the source, 1 = as in the target, 2 = the change done twice, below 0 = the wrong way. Features
// that the change leaves alone are not looked at: what a translation does to those, FID and KID
// see.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/eval/cell_segmentation.h"

namespace scgan {

struct RecoveredChange {
  // 1 = all of the change, 0 = none: the mean over the features of 1 - |1 - share|, each held in
  // [-1, 1], so that too much counts as too little and garbage stays finite. Every feature counts
  // alike: inverse variances would make it one of the intensity, which is easiest to measure. The
  // target itself gives 1, the untranslated source 0. A feature that cannot be measured, since the
  // generated images hold no cell, counts -1. None when no feature differs between source and
  // target.
  std::optional<double> total;
  // The shares as they are: of "number", "size", "elongation", "intensity", "texture" those that
  // differ between source and target and can be measured in the generated images.
  std::vector<std::pair<std::string, double>> shares;
};

// Images are uint8 [N, 3, H, W] with the channels of cell_segmentation.h; sets may differ in N.
class RecoveredChangeMeter {
 public:
  // Takes the thresholds of the segmentation and the features that differ from the real images. A
  // feature differs when its two means lie more than 4 standard errors apart (over images, 2 or
  // more in each set): by chance this hardly happens, and a share's own standard error is then a
  // quarter at most.
  RecoveredChangeMeter(const at::Tensor& source, const at::Tensor& target);

  RecoveredChange of(const at::Tensor& generated) const;

 private:
  CellThresholds thresholds_;
  struct Change {
    bool differs = false;
    double from = 0, to = 0;
  };
  std::array<Change, 5> changes_;
};

// The same for one set.
RecoveredChange recovered_change(const at::Tensor& source, const at::Tensor& target,
                                 const at::Tensor& generated);

}  // namespace scgan
