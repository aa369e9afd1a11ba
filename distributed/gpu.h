// What there is to know of a GPU without computing on it.
#pragma once

#include <c10/core/Device.h>

#include <string>

namespace scgan::distributed {

// "NVIDIA H100 80GB HBM3, sm_90, 132 multiprocessors": what the libraries choose kernels by. Some
// models, and the parts that MIG and MPS make, differ in the last number only. Throws
// Error(kDevice) when there is no such GPU.
std::string gpu_name(c10::Device device);

// Where the GPU sits: "<boot id of the host> <PCI address>". Equal for two ranks that share one,
// whatever CUDA_VISIBLE_DEVICES calls it, and for the parts of a GPU that MIG cuts.
std::string gpu_location(c10::Device device);

// From now on whoever asks for GPU memory that is not there gets Error(kOutOfMemory), in the whole
// process. LibTorch's convolutions would catch its own error, go on with another of cuDNN's
// algorithms, which gives other bits, and keep that one for all later runs of the process. Throws
// Error(kInvalidSpec) when LibTorch was told to use another allocator than its own.
void refuse_when_gpu_memory_ends();

// Gives memory that LibTorch keeps for later tensors back to the GPU.
void give_back_memory();

}  // namespace scgan::distributed
