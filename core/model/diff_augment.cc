#include "core/model/diff_augment.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cmath>

#include "core/base/counter_rng.h"
#include "core/base/error.h"
#include "core/model/diff_augment_ops.h"

namespace scgan {
namespace {

constexpr double kTranslationRatio = 0.125;
constexpr double kCutoutRatio = 0.5;

// Numbers the random values of a sample. A change would change the results of existing run ids.
enum Lane : uint32_t {
  kBrightness,
  kSaturation,
  kContrast,
  kTranslationY,
  kTranslationX,
  kCutoutY,
  kCutoutX,
};

int64_t rounded_share(double ratio, int64_t size) {
  return static_cast<int64_t>(std::floor(ratio * static_cast<double>(size) + 0.5));
}

// The random values of one augmented batch.
class BatchRng {
 public:
  BatchRng(const CounterRng& rng, int64_t step, int64_t samples)
      : rng_(rng), step_(static_cast<uint32_t>(step)), samples_(static_cast<uint32_t>(samples)) {}

  // [N] of scale * u + shift, u uniform in [0, 1).
  at::Tensor uniform(Lane lane, double scale, double shift) const {
    auto values = at::empty({samples_}, at::kDouble);
    for (uint32_t sample = 0; sample < samples_; ++sample) {
      values.data_ptr<double>()[sample] = scale * rng_.uniform(step_, sample, lane) + shift;
    }
    return values;
  }

  // Per sample, y and x uniform in {first, ..., last}.
  std::vector<PixelVector> vectors(Lane lane_y, Lane lane_x, PixelVector first,
                                   PixelVector last) const {
    std::vector<PixelVector> result;
    for (uint32_t sample = 0; sample < samples_; ++sample) {
      result.push_back(
          {integer(lane_y, sample, first.y, last.y), integer(lane_x, sample, first.x, last.x)});
    }
    return result;
  }

 private:
  int64_t integer(Lane lane, uint32_t sample, int64_t first, int64_t last) const {
    return first + rng_.index(static_cast<uint32_t>(last - first + 1), step_, sample, lane);
  }

  const CounterRng& rng_;
  uint32_t step_;
  uint32_t samples_;
};

at::Tensor change_color(const at::Tensor& images, const BatchRng& rng) {
  const auto brighter = shift_brightness(images, rng.uniform(kBrightness, 1, -0.5));
  const auto saturated = scale_saturation(brighter, rng.uniform(kSaturation, 2, 0));
  return scale_contrast(saturated, rng.uniform(kContrast, 1, 0.5));
}

at::Tensor move(const at::Tensor& images, const BatchRng& rng) {
  const PixelVector reach{rounded_share(kTranslationRatio, images.size(2)),
                          rounded_share(kTranslationRatio, images.size(3))};
  return translate(images, rng.vectors(kTranslationY, kTranslationX, {-reach.y, -reach.x}, reach));
}

at::Tensor punch_hole(const at::Tensor& images, const BatchRng& rng) {
  const PixelVector size{rounded_share(kCutoutRatio, images.size(2)),
                         rounded_share(kCutoutRatio, images.size(3))};
  const PixelVector last{images.size(2) - size.y % 2, images.size(3) - size.x % 2};
  return cut_out(images, rng.vectors(kCutoutY, kCutoutX, {0, 0}, last), size);
}

}  // namespace

at::Tensor diff_augment(const at::Tensor& images, const std::vector<std::string>& policy,
                        int64_t seed, AugmentSite site, int64_t step) {
  const CounterRng rng(static_cast<uint32_t>(seed),
                       static_cast<uint32_t>(Purpose::kAugment) + static_cast<uint32_t>(site));
  const BatchRng batch(rng, step, images.size(0));
  at::Tensor result = images;
  for (const auto& operation : policy) {
    if (operation == "color") {
      result = change_color(result, batch);
    } else if (operation == "translation") {
      result = move(result, batch);
    } else if (operation == "cutout") {
      result = punch_hole(result, batch);
    } else {
      throw Error(ErrorKind::kInvalidSpec,
                  "model.diffaug takes color, translation and cutout, not '" + operation + "'.");
    }
  }
  return result;
}

}  // namespace scgan
