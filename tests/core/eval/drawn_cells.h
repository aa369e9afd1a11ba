// Cells for tests: ellipses of known size, shape and brightness.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/full.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace scgan {

// Lengths in sides of the image; the nucleus has the body's centre.
struct DrawnCell {
  double x = 0.5, y = 0.5;
  double radius = 0.2;  // geometric mean of the half-axes
  double elongation = 1, angle = 0;
  double nucleus = 0.07;  // radius; 0 = none
  uint8_t actin = 80, tubulin = 120, dna = 150;
};

// Writes `level` wherever the ellipse is.
inline void draw_ellipse(at::Tensor& image, int64_t channel, const DrawnCell& cell, double radius,
                         uint8_t level) {
  const int64_t height = image.size(1);
  const int64_t width = image.size(2);
  const auto side = static_cast<double>(std::min(height, width));
  auto* plane = image.mutable_data_ptr<uint8_t>() + channel * height * width;
  const double stretch = std::sqrt(cell.elongation);
  for (int64_t i = 0; i < height * width; ++i) {
    const double dx = (static_cast<double>(i % width) + 0.5) / side - cell.x;
    const double dy = (static_cast<double>(i / width) + 0.5) / side - cell.y;
    const double u = (dx * std::cos(cell.angle) + dy * std::sin(cell.angle)) / (radius * stretch);
    const double v = (dy * std::cos(cell.angle) - dx * std::sin(cell.angle)) / (radius / stretch);
    if (u * u + v * v < 1) plane[i] = level;
  }
}

// uint8 [3, size, size], `background` everywhere else.
inline at::Tensor drawn(const std::vector<DrawnCell>& cells, int64_t size = 64,
                        uint8_t background = 10) {
  at::Tensor image = at::full({3, size, size}, background, at::kByte);
  for (const DrawnCell& cell : cells) {
    draw_ellipse(image, 0, cell, cell.radius, cell.actin);
    draw_ellipse(image, 1, cell, cell.radius, cell.tubulin);
    DrawnCell round = cell;
    round.elongation = 1;
    draw_ellipse(image, 2, round, cell.nucleus, cell.dna);
  }
  return image;
}

}  // namespace scgan
