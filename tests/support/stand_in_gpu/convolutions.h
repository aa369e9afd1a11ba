// Chooses the algorithm of a convolution on the stand-in GPU as LibTorch chooses among cuDNN's: the
// first whose workspace can be allocated, and from then on the same one for the same shapes.
//
// SCGAN_STAND_IN_WORKSPACE_MIB: the workspace of the default algorithm (0). The other algorithm
// needs none and rounds differently.
#pragma once

#include <ATen/core/ivalue.h>
#include <c10/core/Device.h>

#include <string>
#include <vector>

namespace scgan::stand_in {

// Whether the convolution `name` with these arguments must use the algorithm without a workspace.
bool needs_workspace_free_algorithm(const std::string& name,
                                    const std::vector<c10::IValue>& arguments, c10::Device device);

// Changes the result of the default algorithm to that of the one without a workspace.
void change_rounding(at::Tensor result);

}  // namespace scgan::stand_in
