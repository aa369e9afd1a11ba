// What the bits of a result depend on besides its spec: library versions, environment variables,
// LibTorch's switches.
#pragma once

#include <map>
#include <string>

namespace scgan::distributed {

// One line per library: LibTorch, CUDA, NCCL, MPI. Does not start MPI.
std::string library_versions();

// environment_record(); LibTorch's switches "torch.deterministic", "torch.cudnn_benchmark" and
// "torch.tf32" ("on" or "off"); the versions "cuda" and "cudnn" ("none" without a GPU), "nccl"
// ("none" if not built in), "libc", whose mathematical functions are used, and, if it is loaded,
// "nvidia_driver". Stored with every attempt.
std::map<std::string, std::string> determinism_record();

}  // namespace scgan::distributed
