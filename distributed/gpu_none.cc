// gpu.h and gpu_graph.h in a build without CUDA's headers: LibTorch may still compute on a GPU.
#include "distributed/gpu.h"
#include "distributed/gpu_graph.h"

namespace scgan::distributed {

std::string gpu_name(c10::Device device) { return device.str(); }

std::string gpu_location(c10::Device /*device*/) { return ""; }

int64_t gpu_memory(c10::Device /*device*/) { return 0; }

void throw_on_gpu_out_of_memory() {}

void release_cached_memory(c10::Device /*device*/) {}

WorkRecorder gpu_recorder(c10::Device /*device*/) { return {}; }

}  // namespace scgan::distributed
