// gpu.h by CUDA's runtime and LibTorch's allocator.
#include "distributed/gpu.h"

#include <ATen/Context.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <cuda_runtime_api.h>
#include <fmt/format.h>

#include <array>
#include <fstream>

#include "core/base/error.h"
#include "distributed/cuda_stream.h"

namespace scgan::distributed {

std::string gpu_name(c10::Device device) {
  cudaDeviceProp properties{};
  check_cuda(cudaGetDeviceProperties(&properties, device.index()), "cudaGetDeviceProperties");
  return fmt::format("{}, sm_{}{}, {} multiprocessors", static_cast<const char*>(properties.name),
                     properties.major, properties.minor, properties.multiProcessorCount);
}

std::string gpu_location(c10::Device device) {
  std::array<char, 32> address{};
  check_cuda(
      cudaDeviceGetPCIBusId(address.data(), static_cast<int>(address.size()), device.index()),
      "cudaDeviceGetPCIBusId");
  // The boot id is the same in all containers of a host and differs between hosts.
  std::string boot_id;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), boot_id);
  return boot_id + " " + address.data();
}

int64_t gpu_memory(c10::Device device) {
  if (!device.is_cuda()) return 0;
  cudaDeviceProp properties{};
  check_cuda(cudaGetDeviceProperties(&properties, device.index()), "cudaGetDeviceProperties");
  return static_cast<int64_t>(properties.totalGlobalMem);
}

void throw_on_gpu_out_of_memory() {
  static const bool done = [] {
    at::globalContext().lazyInitDevice(c10::kCUDA);
    auto& allocator = *c10::cuda::CUDACachingAllocator::get();
    if (allocator.name() != "native") {
      throw Error(ErrorKind::kInvalidSpec,
                  fmt::format("LibTorch's GPU allocator is {}, which does not report failed "
                              "allocations: remove `backend` from PYTORCH_ALLOC_CONF or "
                              "PYTORCH_CUDA_ALLOC_CONF",
                              allocator.name()));
    }
    // The allocator calls this without its lock, before it throws the error that would be caught.
    allocator.attachOutOfMemoryObserver([](int64_t /*device*/, size_t requested, size_t total,
                                           size_t free) {
      constexpr double kMib = 1 << 20;
      throw Error(ErrorKind::kOutOfMemory,
                  fmt::format("CUDA out of memory: {:.1f} MiB requested, {:.1f} of {:.1f} MiB free",
                              static_cast<double>(requested) / kMib,
                              static_cast<double>(free) / kMib, static_cast<double>(total) / kMib));
    });
    return true;
  }();
  static_cast<void>(done);
}

void release_cached_memory(c10::Device device) {
  if (device.is_cuda()) c10::cuda::CUDACachingAllocator::emptyCache();
}

}  // namespace scgan::distributed
