// DiffAugment (Zhao, Liu, Lin, Zhu, Han, NeurIPS 2020): differentiable augmentation of everything a
// discriminator sees. CounterRng draws the random values on the CPU, so they depend neither on the
// device nor on the rank.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace scgan {

// Where in a step images are augmented; each site draws independently. The letter is the domain of
// the images, so kRealA and kFakeA are the inputs of netD_B.
enum class AugmentSite : uint32_t { kGStepA, kGStepB, kRealA, kFakeA, kRealB, kFakeB };

// The random values of all sites of a step.
class AugmentDraws {
 public:
  // Numbers per sample.
  static constexpr int64_t kSites = static_cast<int64_t>(AugmentSite::kFakeB) + 1;
  static constexpr int64_t kColors = kSites * 3;
  static constexpr int64_t kPlaces = kSites * 4;

  // Draws for a batch of N = samples images of `height` x `width`: kColors * N numbers into
  // `colors` and kPlaces * N into `places`. Sample i draws with (seed, site, step, i).
  static void draw(int64_t seed, int64_t step, int64_t samples, int64_t height, int64_t width,
                   double* colors, int64_t* places);

  // Flat tensors of what draw() returned, on the device of the images: `colors` of their type,
  // `places` int64.
  AugmentDraws(const at::Tensor& colors, const at::Tensor& places);

  // Shift of the brightness, factors of saturation and contrast.
  struct Colors {
    at::Tensor brightness, saturation, contrast;  // [N], of the type of the images
  };
  // Offset of the translation, centre of the cutout, in pixels.
  struct Places {
    at::Tensor translation_y, translation_x, cutout_y, cutout_x;  // [N], int64
  };
  Colors colors(AugmentSite site) const;
  Places places(AugmentSite site) const;

 private:
  // [sites, 3, N] and [sites, 4, N].
  at::Tensor colors_, places_;
};

// Augments `images` [N, 3, H, W] in [-1, 1], the whole batch of the step. `policy` lists color,
// translation and cutout, which are always applied, in the order of the list. The result is
// differentiable in `images` and not clamped. Throws Error(kInvalidSpec) for an unknown word.
at::Tensor diff_augment(const at::Tensor& images, const std::vector<std::string>& policy,
                        const AugmentDraws& draws, AugmentSite site);

}  // namespace scgan
