// How much of a known change of phenotype a translation recovers, measured on the cells of the
// generated images: biological terms beside FID and KID.
//
// A set of images has five features: the number of cells per image and the means over the cells of
// radius, elongation, intensity and texture (core/eval/cell_segmentation.h). A feature's share is
// (generated - source) / (target - source), on a logarithmic scale except for the number: 0 = as in
// the source, 1 = as in the target, 2 = twice the change, below 0 = the wrong direction. Features
// that do not change are ignored; FID and KID show what a translation does to them.
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
  // 1 = all of the change, 0 = none: the mean over the features of 1 - |1 - share|, each clamped to
  // [-1, 1], so that too much costs as much as too little and garbage stays finite. All features
  // have the same weight: inverse variances would leave little but the intensity, which is easiest
  // to measure. The target itself scores 1, the untranslated source 0. A feature that cannot be
  // measured because the generated images show no cell counts as -1. nullopt when no feature
  // differs between source and target.
  std::optional<double> total;
  // The unclamped shares of those features ("number", "size", "elongation", "intensity", "texture")
  // that differ between source and target and can be measured in the generated images.
  std::vector<std::pair<std::string, double>> shares;
};

// Images are uint8 [N, 3, H, W] with the channels of cell_segmentation.h; sets may differ in N.
class RecoveredChangeMeter {
 public:
  // Determines the segmentation thresholds and the features that differ from the real images. A
  // feature differs when its two means are more than 4 standard errors apart (over images, 2 or
  // more in each set): this hardly ever happens by chance, and it limits the standard error of a
  // share to one quarter.
  RecoveredChangeMeter(const at::Tensor& source, const at::Tensor& target);

  RecoveredChange measure(const at::Tensor& generated) const;

 private:
  CellThresholds thresholds_;
  struct Change {
    bool differs = false;
    double from = 0, to = 0;
  };
  std::array<Change, 5> changes_;
};

// The same for one set of generated images.
RecoveredChange recovered_change(const at::Tensor& source, const at::Tensor& target,
                                 const at::Tensor& generated);

}  // namespace scgan
