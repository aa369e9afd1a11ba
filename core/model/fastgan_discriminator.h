// FastGAN's self-supervised discriminator (Liu, Zhu, Song, Elgammal, ICLR 2021) with its three
// decoders and spectral norm: at 256, 512 and 1024 px as published, and extended to 64 and 128 px.
// Names as in the published code: down_from_big, down_4 ... down_64, se_2_16, se_4_32, se_8_64,
// rf_big, down_from_small, rf_small, decoder_big, decoder_part, decoder_small; weight_orig,
// weight_u, weight_v (weight without spectral norm).
#pragma once

#include <memory>

#include "core/model/networks.h"
#include "core/spec/run_spec.h"

namespace scgan {

// Uses discriminator_width, the d_... keys (auto: batch norm, spectral norm on), decoders,
// decoder_blocks (0: 4, or 3 for images of 64 px) and part_size of `spec`. Throws
// Error(kInvalidSpec) for values out of range and for the decoder small without the small branch.
// Width 64 at 256 px with all defaults has 11,526,160 parameters. Logits: 25 N of the big head,
// then 25 N of the small one unless d_small_branch is off.
std::shared_ptr<Discriminator> make_fastgan_discriminator(const ModelSpec& spec,
                                                          int64_t image_size);

}  // namespace scgan
