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

// Augments `images` [N, 3, H, W] in [-1, 1], the whole batch of the step. `policy` lists color,
// translation and cutout, which are always applied, in the order of the list. Sample i draws with
// (seed, site, step, i). The result is differentiable in `images` and not clamped; an empty policy
// returns `images`. Throws Error(kInvalidSpec) for an unknown word.
at::Tensor diff_augment(const at::Tensor& images, const std::vector<std::string>& policy,
                        int64_t seed, AugmentSite site, int64_t step);

}  // namespace scgan
