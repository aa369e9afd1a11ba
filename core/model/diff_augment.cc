#include "core/model/diff_augment.h"

#include <ATen/core/Tensor.h>

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
  kLanes,
};

int64_t rounded_share(double ratio, int64_t size) {
  return static_cast<int64_t>(std::floor(ratio * static_cast<double>(size) + 0.5));
}

// The side of the hole in a dimension of the images.
int64_t hole_size(int64_t size) { return rounded_share(kCutoutRatio, size); }

// Draws the values of one site.
class SiteRng {
 public:
  SiteRng(int64_t seed, int64_t site, int64_t step)
      : rng_(static_cast<uint32_t>(seed),
             static_cast<uint32_t>(Purpose::kAugment) + static_cast<uint32_t>(site)),
        step_(static_cast<uint32_t>(step)) {}

  double value(Lane lane, uint32_t sample, int64_t height, int64_t width) const {
    switch (lane) {
      case kBrightness:
        return uniform(lane, sample) - 0.5;
      case kSaturation:
        return 2 * uniform(lane, sample);
      case kContrast:
        return uniform(lane, sample) + 0.5;
      case kTranslationY:
        return offset(lane, sample, height);
      case kTranslationX:
        return offset(lane, sample, width);
      case kCutoutY:
        return centre(lane, sample, height);
      default:
        return centre(lane, sample, width);
    }
  }

 private:
  double uniform(Lane lane, uint32_t sample) const { return rng_.uniform(step_, sample, lane); }

  // Uniform in {0, ..., last}.
  double index(Lane lane, uint32_t sample, int64_t last) const {
    return rng_.index(static_cast<uint32_t>(last + 1), step_, sample, lane);
  }

  double offset(Lane lane, uint32_t sample, int64_t size) const {
    const int64_t reach = rounded_share(kTranslationRatio, size);
    return index(lane, sample, 2 * reach) - static_cast<double>(reach);
  }

  double centre(Lane lane, uint32_t sample, int64_t size) const {
    return index(lane, sample, size - hole_size(size) % 2);
  }

  CounterRng rng_;
  uint32_t step_;
};

at::Tensor change_color(const at::Tensor& images, const AugmentDraws::Colors& draws) {
  const auto brighter = shift_brightness(images, draws.brightness);
  const auto saturated = scale_saturation(brighter, draws.saturation);
  return scale_contrast(saturated, draws.contrast);
}

}  // namespace

void AugmentDraws::draw(int64_t seed, int64_t step, int64_t samples, int64_t height, int64_t width,
                        double* colors, int64_t* places) {
  for (int64_t site = 0; site < kSites; ++site) {
    const SiteRng rng(seed, site, step);
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
      for (uint32_t sample = 0; sample < samples; ++sample) {
        const double value = rng.value(static_cast<Lane>(lane), sample, height, width);
        if (lane < kTranslationY) {
          *colors++ = value;
        } else {
          *places++ = static_cast<int64_t>(value);
        }
      }
    }
  }
}

AugmentDraws::AugmentDraws(const at::Tensor& colors, const at::Tensor& places)
    : colors_(colors.view({kSites, 3, -1})), places_(places.view({kSites, 4, -1})) {}

AugmentDraws::Colors AugmentDraws::colors(AugmentSite site) const {
  const at::Tensor here = colors_[static_cast<int64_t>(site)];
  return {here[0], here[1], here[2]};
}

AugmentDraws::Places AugmentDraws::places(AugmentSite site) const {
  const at::Tensor here = places_[static_cast<int64_t>(site)];
  return {here[0], here[1], here[2], here[3]};
}

at::Tensor diff_augment(const at::Tensor& images, const std::vector<std::string>& policy,
                        const AugmentDraws& draws, AugmentSite site) {
  const AugmentDraws::Places places = draws.places(site);
  at::Tensor result = images;
  for (const auto& operation : policy) {
    if (operation == "color") {
      result = change_color(result, draws.colors(site));
    } else if (operation == "translation") {
      result = translate(result, {places.translation_y, places.translation_x});
    } else if (operation == "cutout") {
      const PixelVector size{hole_size(images.size(2)), hole_size(images.size(3))};
      result = cut_out(result, {places.cutout_y, places.cutout_x}, size);
    } else {
      throw Error(ErrorKind::kInvalidSpec,
                  "model.diffaug takes color, translation and cutout, not '" + operation + "'.");
    }
  }
  return result;
}

}  // namespace scgan
