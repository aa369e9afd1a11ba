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

// Throws Error(kDevice) with the operation's name and CUDA's text unless `status` is cudaSuccess.
void check_cuda(cudaError_t status, const char* operation,
                std::source_location where = std::source_location::current());

// A stream of the current device with the highest priority, which only events order with others.
CudaStream new_stream();

// An event of the current device, without timing.
CudaEvent new_event();

// Work enqueued on `later` from now on runs after the work enqueued on `earlier` so far. Records
// `event`, which may be reused immediately.
void order(cudaStream_t earlier, cudaStream_t later, cudaEvent_t event);

}  // namespace scgan::distributed
