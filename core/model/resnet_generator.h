// The ResNet generator of CycleGAN (Zhu, Park, Isola, Efros, ICCV 2017; Johnson et al. 2016): 7x7
// stem, two stride-2 convolutions, residual blocks, two transposed convolutions, 7x7 head with
// tanh; instance norm without parameters, reflection padding. Parameter names are those of the
// published state dict ("model.1.weight", ...).
#pragma once

#include <memory>

#include "core/model/networks.h"

namespace scgan {

// Height and width of the input must be multiples of 4. Width 64 has 11,378,179 parameters with 9
// blocks and 7,837,699 with 6.
std::shared_ptr<Generator> make_resnet_generator(int64_t width, int64_t blocks);

}  // namespace scgan
