#include "core/eval/recovered_change.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace scgan {
namespace {

constexpr double kStandardErrors = 4;
// Of a feature's part in the total.
constexpr double kLowest = -1;
constexpr std::array<const char*, 5> kNames{"number", "size", "elongation", "intensity", "texture"};
constexpr size_t kNumber = 0;
// Smaller means count as these, which keeps their logarithms finite.
constexpr std::array<double, 5> kFloors{0, 1e-3, 1, 0.5, 1e-2};

// Per feature: the sum over the cells of one image, and the number of cells.
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

std::vector<ImageSums> measure_images(const at::Tensor& images, const CellThresholds& thresholds) {
  std::vector<ImageSums> sums;
  for (int64_t i = 0; i < images.size(0); ++i) {
    sums.push_back(sums_of(measure_cells(images[i], thresholds)));
  }
  return sums;
}

struct Level {
  // Logarithm of the mean; for the number of cells the mean itself.
  double value = 0;
  // Standard error of the value; infinite for fewer than two images.
  double error = 0;
};

// The mean over all cells is a ratio of two sums over images. Its standard error is the usual
// linear approximation for ratios (Cochran, "Sampling Techniques", 1977, section 6.3), because the
// cells of one image are not independent. nullopt without a cell.
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
    const double floored = std::max(mean, kFloors[feature]);
    level = {std::log(floored), level.error / floored};
  }
  return level;
}

CellThresholds lower(const CellThresholds& a, const CellThresholds& b) {
  return {std::min(a.body, b.body), std::min(a.nucleus, b.nucleus)};
}

}  // namespace

RecoveredChangeMeter::RecoveredChangeMeter(const at::Tensor& source, const at::Tensor& target)
    : thresholds_(lower(cell_thresholds(source), cell_thresholds(target))) {
  const auto source_sums = measure_images(source, thresholds_);
  const auto target_sums = measure_images(target, thresholds_);
  for (size_t feature = 0; feature < changes_.size(); ++feature) {
    const auto from = level_of(source_sums, feature);
    const auto to = level_of(target_sums, feature);
    if (!from || !to) continue;
    const bool differs =
        std::abs(to->value - from->value) > kStandardErrors * std::hypot(from->error, to->error);
    changes_[feature] = {differs, from->value, to->value};
  }
}

RecoveredChange RecoveredChangeMeter::measure(const at::Tensor& generated) const {
  const auto sums = measure_images(generated, thresholds_);
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
  return RecoveredChangeMeter(source, target).measure(generated);
}

}  // namespace scgan
