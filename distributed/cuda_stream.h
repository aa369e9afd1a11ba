// Owned CUDA streams and events, and checked calls of the CUDA runtime.
#pragma once

#include <cuda_runtime_api.h>

#include <source_location>

#include "core/base/unique_handle.h"

namespace scgan::distributed {

struct CudaStreamTraits {
  using Handle = cudaStream_t;
  static Handle null() noexcept { return nullptr; }
  static void close(Handle stream) noexcept { cudaStreamDestroy(stream); }
};
using CudaStream = UniqueHandle<CudaStreamTraits>;

struct CudaEventTraits {
  using Handle = cudaEvent_t;
  static Handle null() noexcept { return nullptr; }
  static void close(Handle event) noexcept { cudaEventDestroy(event); }
};
using CudaEvent = UniqueHandle<CudaEventTraits>;

// Throws Error(kDevice) with the name of the operation and CUDA's text unless `status` is
// cudaSuccess.
void check_cuda(cudaError_t status, const char* operation,
                std::source_location where = std::source_location::current());

// A stream of the current device that is ordered with others by events only, and whose kernels are
// served first.
CudaStream new_stream();

// An event of the current device, without time stamps.
CudaEvent new_event();

// What is queued on `later` from now on runs after what is queued on `earlier` now. `event` is
// recorded for that; it may be used again at once.
void order(cudaStream_t earlier, cudaStream_t later, cudaEvent_t event);

}  // namespace scgan::distributed
