// DiffAugment (Zhao, Liu, Lin, Zhu, Han, NeurIPS 2020): differentiable augmentation of everything a
// discriminator sees. CounterRng draws the random values on the CPU, so they depend neither on the
// device nor on the rank; those of a whole step are copied to the device together.
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
  // For batches like `images` [N, 3, H, W] in size, type and device. Sample i draws with
  // (seed, site, step, i). The copy to a GPU is only queued.
  AugmentDraws(int64_t seed, int64_t step, const at::Tensor& images);

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
