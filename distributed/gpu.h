// Facts about a GPU and control of its memory. The build compiles gpu_cuda.cc, or gpu_none.cc where
// CUDA's headers are missing.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <string>

namespace scgan::distributed {

// "NVIDIA H100 80GB HBM3, sm_90, 132 multiprocessors": what libraries choose kernels by. Some
// models, and some MIG or MPS partitions, differ only in the last number. Throws Error(kDevice) if
// the GPU does not exist. "cuda:0" in a build without CUDA's headers.
std::string gpu_name(c10::Device device);

// "<boot id of the host> <PCI address>": equal for two ranks that share a GPU, whatever
// CUDA_VISIBLE_DEVICES numbers it, and for all MIG partitions of one GPU. Throws Error(kDevice) if
// the GPU does not exist. "" in a build without CUDA's headers.
std::string gpu_location(c10::Device device);

// The memory of a GPU, in bytes. 0 for a CPU and in a build without CUDA's headers.
int64_t gpu_memory(c10::Device device);

// From now on a failed GPU allocation throws Error(kOutOfMemory), in the whole process. LibTorch's
// convolutions would catch LibTorch's own error, switch to another of cuDNN's algorithms, which
// rounds differently, and keep it for all later runs of the process. Throws Error(kInvalidSpec) if
// LibTorch is configured to use another allocator than its own.
void throw_on_gpu_out_of_memory();

// Returns the GPU memory that LibTorch caches for later tensors to the device, where NCCL and other
// processes can allocate it. Does nothing for a CPU.
void release_cached_memory(c10::Device device);

}  // namespace scgan::distributed
