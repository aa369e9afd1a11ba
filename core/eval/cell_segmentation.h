// Segments the cells of fluorescence images by their nuclei and measures their bodies.
//
// Channels 0 and 1 show the body (for example actin and tubulin), channel 2 the nucleus. All
// results are functions of the image alone and finite for any image.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

namespace scgan {

// A brighter pixel belongs to a body or a nucleus. In grey levels above the image's own background,
// which is the first decile of each channel.
struct CellThresholds {
  double body = 0, nucleus = 0;
};

// Otsu's thresholds ("A threshold selection method from gray-level histograms", 1979) over all
// pixels of images, uint8 [N, 3, H, W], N > 0. They work on square roots of grey levels, so that
// bright cells do not turn dim ones into background.
CellThresholds cell_thresholds(const at::Tensor& images);

struct MeasuredCell {
  // Of the circle of equal area, relative to the image's shorter side.
  double radius = 0;
  // Ratio of the axes of the ellipse with the same second moments.
  double elongation = 1;
  // Mean of channels 0 and 1 over the body, grey levels above background.
  double intensity = 0;
  // Deviation of channel 1 from its mean over squares of 5/64 of the side, relative to the mean,
  // noise included; nullopt when no such square fits into the cell.
  std::optional<double> texture;
};

// The cells of an image, uint8 [3, H, W]. A cell is a nucleus and the pixels of bodies that are
// nearest to it: touching bodies are divided half way between their nuclei. Bodies without a
// nucleus are ignored.
std::vector<MeasuredCell> measure_cells(const at::Tensor& image, const CellThresholds& thresholds);

}  // namespace scgan
