// Records the work of a GPU as a CUDA graph. The build compiles gpu_graph.cc, or gpu_none.cc where
// CUDA's headers are missing.
#pragma once

#include <c10/core/Device.h>

#include "core/comm/work_recorder.h"

namespace scgan::distributed {

// Returns an empty function for a CPU and in a build without CUDA's headers. Before it records, it
// returns the memory that LibTorch caches to the device, which waits for the GPU: the recorded work
// receives memory of its own. Throws Error(kDevice) for errors of CUDA. Only
// one thread of a process may record.
WorkRecorder gpu_recorder(c10::Device device);

}  // namespace scgan::distributed
