// Which algorithm a convolution on the stand-in GPU takes, chosen as LibTorch chooses among
// cuDNN's: the first for whose workspace there is memory, and from then on the same for the same
// shapes. SCGAN_STAND_IN_WORKSPACE_MIB: what the usual one wants (0); the frugal one wants nothing
// and rounds otherwise.
#pragma once

#include <ATen/core/ivalue.h>
#include <c10/core/Device.h>

#include <string>
#include <vector>

namespace scgan::stand_in {

// Whether the convolution `name` of these arguments has to be the frugal one.
bool takes_frugal_algorithm(const std::string& name, const std::vector<c10::IValue>& arguments,
                            c10::Device device);

// What the frugal one makes of the usual one's result.
void round_otherwise(at::Tensor result);

}  // namespace scgan::stand_in
