#include "core/data/synthetic_cells.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "core/base/draws.h"

namespace scgan {
namespace {

constexpr uint32_t kMaxCells = 64;
constexpr uint32_t kImageLane = 1000;  // lanes of what belongs to the whole image

// A phenotype in units of the image side and of full intensity.
struct Phenotype {
  double radius, radius_spread;      // of the body, geometric mean of the half-axes
  double elongation;                 // ratio of the half-axes
  double brightness, rim;            // of the body, and how much of the actin sits at its edge
  double fibres;                     // contrast of the tubulin texture
  double nucleus, nucleus_brightness;  // radius relative to the body, intensity
  double cells;                      // mean number per image
};

// A: flat, elongated, dim cells with a rim and fibres. B: the same cells rounded up, smaller and brighter.
constexpr Phenotype kFlat{0.15, 0.25, 1.9, 0.45, 0.55, 0.5, 0.42, 0.55, 7};
constexpr Phenotype kRound{0.10, 0.15, 1.1, 0.9, 0.15, 0.15, 0.60, 0.95, 7};

struct Cell {
  double x, y, cos, sin, long_axis, short_axis;
  double brightness, fibre_angle, fibre_phase, fibre_pitch, nucleus_x, nucleus_y;
};

// Everything of one image is drawn from (seed, domain and split, index); lanes tell the draws apart.
class ImageDraws {
 public:
  ImageDraws(const SyntheticSpec& spec, int domain, int split, int64_t index)
      : draws_(static_cast<uint32_t>(spec.seed), Purpose::kSynthetic),
        stream_(static_cast<uint32_t>(2 * domain + split)),
        index_(static_cast<uint32_t>(index)) {}
  double uniform(uint32_t lane) const { return draws_.block(stream_, index_, lane)[0] * 0x1p-32; }
  double spread(uint32_t lane, double width) const { return 1 + width * (2 * uniform(lane) - 1); }
  // Noise of one pixel and channel, roughly normal: the sum of four uniform numbers.
  double noise(uint32_t pixel) const {
    const auto words = draws_.block(stream_, index_, pixel, 1);
    double sum = 0;
    for (const uint32_t word : words) sum += word * 0x1p-32;
    return (sum - 2) * std::numbers::sqrt3;
  }

 private:
  Draws draws_;
  uint32_t stream_, index_;
};

Cell draw_cell(const Phenotype& type, const ImageDraws& draw, uint32_t number) {
  const uint32_t lane = number * 16;
  const double radius = type.radius * draw.spread(lane, type.radius_spread);
  const double stretch = std::sqrt(type.elongation * draw.spread(lane + 1, 0.25));
  const double angle = 2 * std::numbers::pi * draw.uniform(lane + 2);
  Cell cell{};
  cell.x = draw.uniform(lane + 3);
  cell.y = draw.uniform(lane + 4);
  cell.cos = std::cos(angle);
  cell.sin = std::sin(angle);
  cell.long_axis = radius * stretch;
  cell.short_axis = radius / stretch;
  cell.brightness = type.brightness * draw.spread(lane + 5, 0.2);
  cell.fibre_angle = 2 * std::numbers::pi * draw.uniform(lane + 6);
  cell.fibre_phase = 2 * std::numbers::pi * draw.uniform(lane + 7);
  cell.fibre_pitch = 0.035 * draw.spread(lane + 8, 0.3);
  cell.nucleus_x = 0.2 * (2 * draw.uniform(lane + 9) - 1);
  cell.nucleus_y = 0.2 * (2 * draw.uniform(lane + 10) - 1);
  return cell;
}

double soft_step(double x) { return 1 / (1 + std::exp(-x)); }

// Adds one cell's light at (x, y) in units of the image side.
void add_light(const Phenotype& type, const Cell& cell, double x, double y,
               std::array<double, 3>& light) {
  const double dx = x - cell.x;
  const double dy = y - cell.y;
  const double u = (dx * cell.cos + dy * cell.sin) / cell.long_axis;
  const double v = (dy * cell.cos - dx * cell.sin) / cell.short_axis;
  const double r = std::sqrt(u * u + v * v);
  if (r > 1.8) return;
  const double body = soft_step((1 - r) * 14);
  const double dome = body * std::sqrt(std::max(0.0, 1 - 0.7 * r * r));  // thicker in the middle
  const double rim = std::exp(-(r - 0.92) * (r - 0.92) * 90);
  const double along = dx * std::cos(cell.fibre_angle) + dy * std::sin(cell.fibre_angle) + 0.02 * v;
  const double wave =
      0.5 + 0.5 * std::sin(2 * std::numbers::pi * along / cell.fibre_pitch + cell.fibre_phase);
  const double nu = (u - cell.nucleus_x) / type.nucleus;
  const double nv = (v - cell.nucleus_y) / type.nucleus;
  const double nucleus = soft_step((1 - std::sqrt(nu * nu + nv * nv)) * 9);
  light[0] += cell.brightness * (0.55 * dome + type.rim * rim);
  light[1] += cell.brightness * dome * (1 - type.fibres + type.fibres * wave) * (1 - 0.5 * nucleus);
  light[2] += type.nucleus_brightness * nucleus;
}

}  // namespace

at::Tensor synthetic_image(const SyntheticSpec& spec, int domain, int split, int64_t index,
                           int64_t size) {
  const Phenotype& type = domain == 0 ? kFlat : kRound;
  const ImageDraws draw(spec, domain, split, index);
  const auto count = std::clamp<uint32_t>(
      static_cast<uint32_t>(type.cells * draw.spread(kMaxCells * 16, 0.4) + 0.5), 1, kMaxCells);
  std::vector<Cell> cells;
  for (uint32_t i = 0; i < count; ++i) cells.push_back(draw_cell(type, draw, i));
  const double background = 0.03 * draw.spread(kMaxCells * 16 + 1, 0.5);

  at::Tensor image = at::empty({3, size, size}, at::kByte);
  auto* out = image.mutable_data_ptr<uint8_t>();
  for (int64_t row = 0; row < size; ++row) {
    for (int64_t column = 0; column < size; ++column) {
      std::array<double, 3> light{background, background, background};
      const double x = (static_cast<double>(column) + 0.5) / static_cast<double>(size);
      const double y = (static_cast<double>(row) + 0.5) / static_cast<double>(size);
      for (const Cell& cell : cells) add_light(type, cell, x, y, light);
      for (int64_t c = 0; c < 3; ++c) {
        const auto pixel = static_cast<uint32_t>((c * size + row) * size + column);
        const double glow = 1 - std::exp(-light[static_cast<size_t>(c)]);  // saturates softly
        const double value = glow + 0.015 * draw.noise(kImageLane + pixel);
        out[pixel] = static_cast<uint8_t>(std::clamp(value * 255 * 1.15, 0.0, 255.0));
      }
    }
  }
  return image;
}

}  // namespace scgan
