#include "core/data/synthetic_cells.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "core/base/counter_rng.h"
#include "core/base/parallel_for.h"
#include "core/base/sha256.h"
#include "core/data/tiles.h"

namespace scgan {
namespace {

constexpr double kTurn = 2 * std::numbers::pi;
constexpr uint32_t kLanesPerCell = 64;
constexpr uint32_t kImageLanes = 1U << 20;  // first lane of draws for the whole image
constexpr double kLayers = 5;               // upper limit of the mean number of overlapping cells
constexpr int kCandidates = 12;             // places tried per cell; the freest one is used

// A phenotype. Lengths are in units of the image side, intensities in units of full scale.
struct Phenotype {
  // Geometric mean of the half-axes of the body, and its spread.
  double radius, radius_spread;
  // Ratio of the half-axes.
  double elongation;
  // How pointed the ends are.
  double taper;
  // Roughness of the outline.
  double roughness;
  // Brightness of the actin in the body and at its edge.
  double actin, rim;
  // Brightness of the tubulin, and contrast of its fibres.
  double tubulin, fibres;
  // Radius of the nucleus relative to the body, and its brightness.
  double nucleus, nucleus_brightness;
  // Mean number of cells per image.
  double cells;
};

// Domain A: flat, elongated, dim cells.
constexpr Phenotype kFlat{0.150, 0.25, 2.2, 0.30, 0.10, 0.26, 0.30, 0.42, 0.80, 0.40, 0.60, 6};

// Returns domain A's phenotype with the changes of the spec. Related properties change together:
// rounder cells lose their pointed ends and get a smoother outline, shrinking cells keep most of
// their nucleus, and the rim brightens more than the body, the nucleus less. The limits ensure that
// every spec can be drawn.
Phenotype changed(const SyntheticSpec& spec) {
  const auto ratio = [&](double change) { return std::pow(change, spec.effect); };
  const double size = ratio(spec.change_size);
  const double intensity = ratio(spec.change_intensity);
  Phenotype type = kFlat;
  type.radius = std::clamp(type.radius * size, 0.01, 0.5);
  type.elongation = std::clamp(type.elongation * ratio(spec.change_elongation), 1.0, 8.0);
  type.taper = std::min(type.taper * (type.elongation - 1) / (kFlat.elongation - 1), 0.6);
  type.roughness = std::min(type.roughness * type.elongation / kFlat.elongation, 0.2);
  type.actin *= intensity;
  type.rim *= std::pow(intensity, 1.25);
  type.tubulin *= intensity;
  type.fibres = std::min(type.fibres * ratio(spec.change_texture), 4.0);
  type.nucleus = std::min(type.nucleus * std::pow(size, -0.8), 0.62);
  type.nucleus_brightness *= std::pow(intensity, 0.73);
  const double room = kLayers / (std::numbers::pi * type.radius * type.radius);
  type.cells = std::min({type.cells * ratio(spec.change_number), room, 400.0});
  return type;
}

Phenotype phenotype_of(const SyntheticSpec& spec, Split split) {
  return domain_of(split) == 0 ? kFlat : changed(spec);
}

// The random numbers of one image, as functions of (seed, split, index) and the lane.
class ImageDraws {
 public:
  ImageDraws(const SyntheticSpec& spec, Split split, int64_t index)
      : draws_(static_cast<uint32_t>(spec.seed), Purpose::kSynthetic),
        stream_(static_cast<uint32_t>(2 * domain_of(split) + (is_training(split) ? 0 : 1))),
        index_(static_cast<uint32_t>(index)) {}

  double uniform(uint32_t lane) const { return draws_.uniform(stream_, index_, lane); }
  double within(double limit, uint32_t lane) const { return limit * (2 * uniform(lane) - 1); }
  std::array<uint32_t, 4> block(uint32_t lane, uint32_t extra) const {
    return draws_.block(stream_, index_, lane, extra);
  }

 private:
  CounterRng draws_;
  uint32_t stream_, index_;
};

// Smooth noise in [0, 1] over the plane: interpolates random values at integer coordinates, with
// period 16 in both directions.
class SmoothNoise {
 public:
  SmoothNoise(const ImageDraws& draw, uint32_t cell) {
    for (uint32_t i = 0; i < 64; ++i) {
      const auto words = draw.block(cell * 64 + i, 2);
      for (uint32_t j = 0; j < 4; ++j) values_[i * 4 + j] = words[j] * 0x1p-32;
    }
  }

  double at(double x, double y) const {
    const double left = std::floor(x);
    const double top = std::floor(y);
    const double s = ease(x - left);
    const double t = ease(y - top);
    const auto i = static_cast<int>(left);
    const auto j = static_cast<int>(top);
    return (value(i, j) * (1 - s) + value(i + 1, j) * s) * (1 - t) +
           (value(i, j + 1) * (1 - s) + value(i + 1, j + 1) * s) * t;
  }

  // The brightness of thin lines where the noise crosses its middle value.
  double ridges(double x, double y) const {
    const double line = 1 - std::abs(2 * at(x, y) - 1);
    return line * line * line;
  }

 private:
  static double ease(double t) { return t * t * (3 - 2 * t); }
  double value(int i, int j) const {
    return values_[static_cast<size_t>((j & 15) * 16 + (i & 15))];
  }

  std::array<double, 256> values_{};
};

double soft_step(double x) { return 1 / (1 + std::exp(-x)); }

class Cell {
 public:
  Cell(const Phenotype& type, const ImageDraws& draw, uint32_t number,
       const std::vector<Cell>& others)
      : type_(type), noise_(draw, number) {
    const uint32_t lane = number * kLanesPerCell;
    radius_ = type.radius * (1 + draw.within(type.radius_spread, lane));
    elongation_ = 1 + (type.elongation - 1) * (1 + draw.within(0.5, lane + 1));
    const double stretch = std::sqrt(elongation_);
    const double angle = kTurn * draw.uniform(lane + 2);
    cos_ = std::cos(angle);
    sin_ = std::sin(angle);
    long_axis_ = radius_ * stretch;
    short_axis_ = radius_ / stretch;
    brightness_ = 1 + draw.within(0.25, lane + 3);
    swirl_ = draw.within(0.8, lane + 4);
    nucleus_u_ = draw.within(0.15, lane + 5);
    nucleus_v_ = draw.within(0.15, lane + 6);
    for (uint32_t k = 0; k < waves_.size(); ++k) {
      waves_[k] = {type.roughness * draw.uniform(lane + 7 + 2 * k) / (1 + 0.4 * k),
                   kTurn * draw.uniform(lane + 8 + 2 * k)};
    }
    place(draw, lane + 32, others);
  }

  double radius() const { return radius_; }
  double elongation() const { return elongation_; }
  double intensity() const { return brightness_ * type_.tubulin / kFlat.tubulin; }
  double texture() const { return type_.fibres; }

  // Adds this cell's light to the planes [3, size, size].
  void add_light(std::vector<double>& light, int64_t size) const {
    const auto side = static_cast<double>(size);
    const double reach = 1.7 * long_axis_;
    const auto from = [&](double centre) {
      return std::max<int64_t>(static_cast<int64_t>((centre - reach) * side), 0);
    };
    const auto to = [&](double centre) {
      return std::min<int64_t>(static_cast<int64_t>((centre + reach) * side) + 1, size);
    };
    for (int64_t row = from(y_); row < to(y_); ++row) {
      for (int64_t column = from(x_); column < to(x_); ++column) {
        const auto levels = light_at((static_cast<double>(column) + 0.5) / side - x_,
                                     (static_cast<double>(row) + 0.5) / side - y_);
        for (int64_t c = 0; c < 3; ++c) {
          light[static_cast<size_t>((c * size + row) * size + column)] +=
              levels[static_cast<size_t>(c)];
        }
      }
    }
  }

 private:
  struct Wave {
    double height = 0, phase = 0;
  };

  // Selects the candidate place that is farthest from the other cells, so that cells touch but
  // rarely overlap.
  void place(const ImageDraws& draw, uint32_t lane, const std::vector<Cell>& others) {
    double best = -1;
    for (uint32_t i = 0; i < kCandidates; ++i) {
      const double x = draw.uniform(lane + 2 * i);
      const double y = draw.uniform(lane + 2 * i + 1);
      double free = 2;
      for (const Cell& other : others)
        free = std::min(free, std::hypot(x - other.x_, y - other.y_));
      if (free > best) {
        best = free;
        x_ = x;
        y_ = y;
      }
      if (free > 2.2 * type_.radius * std::sqrt(type_.elongation)) break;
    }
  }

  // Returns the light of actin, tubulin and nucleus at an offset from the centre.
  std::array<double, 3> light_at(double dx, double dy) const {
    const double u = (dx * cos_ + dy * sin_) / long_axis_;
    const double taper = 1 - type_.taper * std::min(u * u, 1.0);
    const double v = (dy * cos_ - dx * sin_) / (short_axis_ * taper);
    const double angle = std::atan2(v, u);
    double outline = 1;
    for (size_t k = 0; k < waves_.size(); ++k) {
      outline += waves_[k].height * std::cos(static_cast<double>(k + 2) * angle + waves_[k].phase);
    }
    const double r = std::hypot(u, v) / outline;
    if (r > 1.6) return {};
    const double body = soft_step((1 - r) * 16);
    const double dome = body * (1 - 0.55 * r * r);  // thicker in the middle
    const double nucleus = nucleus_at(u, v);
    return {brightness_ * actin_at(u, v, r, angle, body, dome),
            brightness_ * tubulin_at(r, angle, dome) * (1 - 0.6 * nucleus),
            type_.nucleus_brightness * nucleus * (0.65 + 0.7 * noise_.at(5 * u + 3, 5 * v + 9))};
  }

  // Stress fibres along the cell, and an uneven rim.
  double actin_at(double u, double v, double r, double angle, double body, double dome) const {
    const double fibres = noise_.ridges(1.3 * u + 5, 5 * v + 0.6 * u);
    const double rim =
        std::exp(-(r - 0.93) * (r - 0.93) * 110) * (0.4 + 1.2 * noise_.at(angle / kTurn * 16, 2.5));
    return type_.actin * (0.35 * dome + 0.9 * fibres * body) + type_.rim * rim;
  }

  // Fibres that run outwards from around the nucleus, over a haze of out-of-focus fibres.
  double tubulin_at(double r, double angle, double dome) const {
    const double turn = angle / kTurn + swirl_ * 0.1 * r;
    const double fine = noise_.ridges(32 * turn, 2.2 * r + 7);
    const double coarse = noise_.ridges(16 * turn, 1.6 * r + 1);
    const double fibres = 1.1 * std::max(fine, coarse) + 0.25 * fine;
    return type_.tubulin * dome * std::max(0.0, 1 + type_.fibres * (fibres - 0.8));
  }

  double nucleus_at(double u, double v) const {
    // Rounder than the cell: the ratio of its axes is the square root of the cell's ratio.
    const double ratio = std::sqrt(std::sqrt(long_axis_ / short_axis_));
    const double nu = (u - nucleus_u_) * ratio / type_.nucleus;
    const double nv = (v - nucleus_v_) / ratio / type_.nucleus;
    return soft_step((1 - std::hypot(nu, nv)) * 10);
  }

  const Phenotype& type_;
  SmoothNoise noise_;
  double x_ = 0, y_ = 0, radius_ = 0, elongation_ = 1;
  double cos_ = 1, sin_ = 0, long_axis_ = 0, short_axis_ = 0;
  double brightness_ = 1, swirl_ = 0, nucleus_u_ = 0, nucleus_v_ = 0;
  std::array<Wave, 5> waves_;
};

std::vector<Cell> draw_cells(const Phenotype& type, const ImageDraws& draw) {
  const double mean = type.cells * (1 + draw.within(0.4, kImageLanes));
  const auto count = static_cast<uint32_t>(std::max(1L, std::lround(mean)));
  std::vector<Cell> cells;
  cells.reserve(count);
  for (uint32_t i = 0; i < count; ++i) cells.emplace_back(type, draw, i, cells);
  return cells;
}

// Returns noise with mean 0 and standard deviation 1 from the bits of one word: the sum of two
// uniform numbers.
double noise_of(uint32_t word) {
  return ((word >> 16) * 0x1p-16 + (word & 0xFFFFU) * 0x1p-16 - 1) * std::sqrt(6.0);
}

}  // namespace

at::Tensor synthetic_image(const SyntheticSpec& spec, Split split, int64_t index, int64_t size) {
  const ImageDraws draw(spec, split, index);
  const int64_t pixels = size * size;
  const double background = 0.03 * (1 + draw.within(0.4, kImageLanes + 1));
  std::vector<double> light(static_cast<size_t>(3 * pixels), background);
  const Phenotype type = phenotype_of(spec, split);
  for (const Cell& cell : draw_cells(type, draw)) cell.add_light(light, size);

  at::Tensor image = at::empty({3, size, size}, at::kByte);
  auto* out = image.mutable_data_ptr<uint8_t>();
  for (int64_t pixel = 0; pixel < pixels; ++pixel) {
    const auto words = draw.block(static_cast<uint32_t>(pixel), 1);
    for (int64_t c = 0; c < 3; ++c) {
      const int64_t i = c * pixels + pixel;
      const double glow = 1 - std::exp(-light[static_cast<size_t>(i)]);  // saturates softly
      const double noise =
          spec.noise * (0.006 + 0.03 * std::sqrt(glow)) * noise_of(words[static_cast<size_t>(c)]);
      out[i] = static_cast<uint8_t>(std::clamp((glow * 1.25 + noise) * 255, 0.0, 255.0));
    }
  }
  return image;
}

CellTruth synthetic_truth(const SyntheticSpec& spec, Split split, int64_t index) {
  const Phenotype type = phenotype_of(spec, split);
  const auto cells = draw_cells(type, ImageDraws(spec, split, index));
  CellTruth truth;
  truth.cells = static_cast<int64_t>(cells.size());
  const double share = 1 / static_cast<double>(cells.size());
  for (const Cell& cell : cells) {
    truth.radius += share * cell.radius();
    truth.elongation += share * cell.elongation();
    truth.intensity += share * cell.intensity();
    truth.texture += share * cell.texture();
  }
  return truth;
}

ImageSet synthetic_set(const DatasetSpec& spec, Split split) {
  const Split drawn = spec.test_split == TestSplit::kTrain ? training_split_of(split) : split;
  const int64_t fields =
      is_training(drawn) ? spec.synthetic.train_images : spec.synthetic.test_images;
  const int64_t tiles = is_training(split) ? 1 : spec.tiles;
  const int64_t side = is_training(split) ? training_side(spec) : spec.image_size;
  ImageSet set;
  set.images = at::empty({fields * tiles * tiles, 3, side, side}, at::kByte);
  parallel_for(static_cast<size_t>(fields), [&](size_t i) {
    const auto field = static_cast<int64_t>(i);
    cut_tiles(synthetic_image(spec.synthetic, drawn, field, tiles * side), tiles,
              set.images.mutable_data_ptr<uint8_t>() + field * tiles * tiles * 3 * side * side);
  });
  for (int64_t i = 0; i < fields; ++i) {
    append_tile_names(fmt::format("{}-{:05}", "ab"[domain_of(split)], i), tiles, set.names);
  }
  return set;
}

std::string synthetic_digest(const DatasetSpec& spec) {
  const SyntheticSpec& cells = spec.synthetic;
  return sha256_hex(fmt::format(
      "synthetic cells v{}, {} train, {} test, seed {}, {} px, number {}, size {}, elongation {}, "
      "intensity {}, texture {}, effect {}, noise {}",
      kSyntheticVersion, cells.train_images, cells.test_images, cells.seed, spec.image_size,
      cells.change_number, cells.change_size, cells.change_elongation, cells.change_intensity,
      cells.change_texture, cells.effect, cells.noise));
}

}  // namespace scgan
