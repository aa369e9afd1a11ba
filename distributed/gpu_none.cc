// gpu.h in a build without CUDA's headers: LibTorch may still compute on a GPU.
#include "distributed/gpu.h"

namespace scgan::distributed {

std::string gpu_name(c10::Device device) { return device.str(); }

std::string gpu_location(c10::Device /*device*/) { return ""; }

int64_t gpu_memory(c10::Device /*device*/) { return 0; }

void throw_on_gpu_out_of_memory() {}

void release_cached_memory(c10::Device /*device*/) {}

}  // namespace scgan::distributed
