#include "core/eval/recovered_change.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace scgan {
namespace {

constexpr double kStandardErrors = 4;
constexpr double kLowest = -1;  // of a feature's part in the total
constexpr std::array<const char*, 5> kNames{"number", "size", "elongation", "intensity", "texture"};
constexpr size_t kNumber = 0;
// Levels of the features below which nothing is told apart: logarithms stay finite.
constexpr std::array<double, 5> kFloors{0, 1e-3, 1, 0.5, 1e-2};

// Sums over the cells of one image and how many there are, feature by feature.
struct ImageSums {
  std::array<double, 5> sums{}, counts{};
};

ImageSums sums_of(const std::vector<MeasuredCell>& cells) {
  ImageSums image;
  const auto add = [&](size_t feature, double value) {
    image.sums[feature] += value;
    image.counts[feature] += 1;
  };
  for (const MeasuredCell& cell : cells) {
    add(1, cell.radius);
    add(2, cell.elongation);
    add(3, cell.intensity);
    if (cell.texture) add(4, *cell.texture);
  }
  image.sums[kNumber] = static_cast<double>(cells.size());
  image.counts[kNumber] = 1;
  return image;
}

std::vector<ImageSums> measured(const at::Tensor& images, const CellThresholds& thresholds) {
  std::vector<ImageSums> sums;
  for (int64_t i = 0; i < images.size(0); ++i) {
    sums.push_back(sums_of(measured_cells(images[i], thresholds)));
  }
  return sums;
}

struct Level {
  double value = 0;  // logarithm of the mean; of the number the mean itself
  double error = 0;  // its standard error, infinite for fewer than two images
};

// The mean over all cells is a ratio of two sums over images; its error is that of the usual linear
// approximation (Cochran, "Sampling Techniques", 1977, section 6.3), since the cells of one image
// are no independent sample. None without a cell.
std::optional<Level> level_of(const std::vector<ImageSums>& images, size_t feature) {
  double sum = 0, count = 0, squares = 0;
  for (const ImageSums& image : images) {
    sum += image.sums[feature];
    count += image.counts[feature];
  }
  if (count == 0) return std::nullopt;
  const double mean = sum / count;
  for (const ImageSums& image : images) {
    const double residual = image.sums[feature] - mean * image.counts[feature];
    squares += residual * residual;
  }
  const auto n = static_cast<double>(images.size());
  const double error = std::sqrt(squares * n / (n - 1)) / count;
  Level level{mean, n < 2 ? HUGE_VAL : error};
  if (feature != kNumber) {
    const double held = std::max(mean, kFloors[feature]);
    level = {std::log(held), level.error / held};
  }
  return level;
}

CellThresholds lower_of(const CellThresholds& a, const CellThresholds& b) {
  return {std::min(a.body, b.body), std::min(a.nucleus, b.nucleus)};
}

}  // namespace

RecoveredChangeMeter::RecoveredChangeMeter(const at::Tensor& source, const at::Tensor& target)
    : thresholds_(lower_of(cell_thresholds(source), cell_thresholds(target))) {
  const auto source_sums = measured(source, thresholds_);
  const auto target_sums = measured(target, thresholds_);
  for (size_t feature = 0; feature < changes_.size(); ++feature) {
    const auto from = level_of(source_sums, feature);
    const auto to = level_of(target_sums, feature);
    if (!from || !to) continue;
    const bool differs =
        std::abs(to->value - from->value) > kStandardErrors * std::hypot(from->error, to->error);
    changes_[feature] = {differs, from->value, to->value};
  }
}

RecoveredChange RecoveredChangeMeter::of(const at::Tensor& generated) const {
  const auto sums = measured(generated, thresholds_);
  RecoveredChange result;
  double total = 0;
  int features = 0;
  for (size_t feature = 0; feature < changes_.size(); ++feature) {
    const Change& change = changes_[feature];
    if (!change.differs) continue;
    ++features;
    const auto level = level_of(sums, feature);
    if (!level) {
      total += kLowest;
      continue;
    }
    const double share = (level->value - change.from) / (change.to - change.from) + 0.0;  // no -0
    result.shares.emplace_back(kNames[feature], share);
    total += std::max(1 - std::abs(1 - share), kLowest);
  }
  if (features > 0) result.total = total / features;
  return result;
}

RecoveredChange recovered_change(const at::Tensor& source, const at::Tensor& target,
                                 const at::Tensor& generated) {
  return RecoveredChangeMeter(source, target).of(generated);
}

}  // namespace scgan
