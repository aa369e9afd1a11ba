// The 70x70 PatchGAN discriminator of pix2pix and CycleGAN. Names as in the published state dict
// ("model.0.weight", ...) with every norm. Logits [N, 1, h, w], 30 x 30 at 256 px.
#pragma once

#include <memory>

#include "core/model/networks.h"
#include "core/spec/run_spec.h"

namespace scgan {

// Uses discriminator_width and d_norm (auto: instance) of `spec`. As published, the three inner
// convolutions have a bias only with instance norm. Width 64 with instance norm has 2,764,737
// parameters. Throws Error(kInvalidSpec) if d_spectral_norm is on, which is not supported.
std::shared_ptr<Discriminator> make_patch_discriminator(const ModelSpec& spec);

}  // namespace scgan
