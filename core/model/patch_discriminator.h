// The 70x70 PatchGAN discriminator of pix2pix and CycleGAN. Names as in the published state dict
// ("model.0.weight", ...), whatever the norm. Logits [N, 1, h, w]; 256 px give 30 x 30.
#pragma once

#include <memory>

#include "core/model/networks.h"

namespace scgan {

// Of `spec`: discriminator_width and d_norm (auto: instance). By the published rule the three inner
// convolutions have a bias with instance norm only. Width 64: 2,764,737 parameters with instance
// norm. There is no spectral norm: Error(kInvalidSpec) when it is on.
std::shared_ptr<Discriminator> make_patch_discriminator(const ModelSpec& spec);

}  // namespace scgan
