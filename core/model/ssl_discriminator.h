// FastGAN's self-supervised discriminator (Liu, Zhu, Song, Elgammal, ICLR 2021) with its three
// decoders and spectral norm, at 256, 512 and 1024 px as published, and its extension to 64 and 128
// px. Names as in the published code: down_from_big, down_4 ... down_64, se_2_16, se_4_32, se_8_64,
// rf_big, down_from_small, rf_small, decoder_big, decoder_part, decoder_small; weight_orig,
// weight_u, weight_v.
#pragma once

#include <memory>

#include "core/model/networks.h"

namespace scgan {

// image_size 64, 128, 256, 512 or 1024, else Error(kInvalidSpec). Width 64 at 256 px: 11,526,160
// parameters. Logits: [50 * N] = 25 N of the big head, then 25 N of the small one. The
// reconstruction is the sum over the three decoders of the mean squared error per element.
std::shared_ptr<Discriminator> make_ssl_discriminator(int64_t width, int64_t image_size);

}  // namespace scgan
