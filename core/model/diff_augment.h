// DiffAugment (Zhao, Liu, Lin, Zhu, Han, NeurIPS 2020): differentiable augmentation of everything a
// discriminator sees. CounterRng are made on the CPU by counter, so they depend neither on device
// nor on rank.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace scgan {

// Where in a step an image is augmented: each site draws independently. The letter is the domain of
// the images, so kRealA and kFakeA are what netD_B sees.
enum class AugmentSite : uint32_t { kGStepA, kGStepB, kRealA, kFakeA, kRealB, kFakeB };

// images [N, 3, H, W] in [-1, 1]; policy words color, translation, cutout, applied in this order,
// each always. Sample i draws with (seed, site, step, i): `images` is the whole batch of the step.
// Nothing is clamped; differentiable in `images`; an empty policy returns them as they are.
at::Tensor diff_augment(const at::Tensor& images, const std::vector<std::string>& policy,
                        int64_t seed, AugmentSite site, int64_t step);

}  // namespace scgan
