// Cells in fluorescence images: found by their nuclei, their bodies measured.
//
// Channels: 0 and 1 show the body (actin and tubulin, say), 2 the nucleus. Everything is a plain
// function of the image: no random numbers, no threads, finite results for any image.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

namespace scgan {

// From where on a pixel belongs to a body or a nucleus, in grey levels above the image's own
// background (the level below which its darkest tenth lies, channel by channel).
struct CellThresholds {
  double body = 0, nucleus = 0;
};

// Otsu's thresholds ("A threshold selection method from gray-level histograms", 1979) over all
// pixels of images, uint8 [N, 3, H, W], N > 0; on square roots of grey levels, so that bright cells
// do not make dim ones part of the background.
CellThresholds cell_thresholds(const at::Tensor& images);

struct MeasuredCell {
  double radius = 0;      // of the circle of equal area, in shorter sides of the image
  double elongation = 1;  // ratio of the axes of the ellipse with the same second moments
  double intensity = 0;   // mean of channels 0 and 1 over the body, grey levels above background
  // Deviation of channel 1 from its mean over squares of 5/64 of the side, relative to the mean;
  // none where the cell has no room for one. Noise counts too.
  std::optional<double> texture;
};

// The cells of an image, uint8 [3, H, W]. A cell is a nucleus and the part of the bodies nearest to
// it; bodies that touch are parted half way between their nuclei, those without a nucleus left out.
std::vector<MeasuredCell> measured_cells(const at::Tensor& image, const CellThresholds& thresholds);

}  // namespace scgan
