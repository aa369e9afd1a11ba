// What there is to know of a GPU without computing on it.
#pragma once

#include <c10/core/Device.h>

#include <string>

namespace scgan::distributed {

// "NVIDIA H100 80GB HBM3, sm_90". Throws Error(kDevice) when there is no such GPU.
std::string gpu_name(c10::Device device);

// Where the GPU sits: "<boot id of the host> <PCI address>". Equal for two ranks that share one,
// whatever CUDA_VISIBLE_DEVICES calls it, and for the parts of a GPU that MIG cuts.
std::string gpu_seat(c10::Device device);

}  // namespace scgan::distributed
