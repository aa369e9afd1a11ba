// The 70x70 PatchGAN discriminator of pix2pix and CycleGAN with instance norm. Names as in the
// published state dict ("model.0.weight", ...). Logits [N, 1, h, w]; 256 px give 30 x 30.
#pragma once

#include <memory>

#include "core/model/networks.h"

namespace scgan {

// width 64: 2,764,737 parameters.
std::shared_ptr<Discriminator> make_patch_discriminator(int64_t width);

}  // namespace scgan
