#include "core/base/device_fault.h"

#include <gtest/gtest.h>

namespace scgan {
namespace {

// The words are those of LibTorch 2.11 and of the libraries it calls.
TEST(DeviceFaultTest, FailedAllocationIsAnOutOfMemoryError) {
  for (const char* text :
       {"RuntimeError: CUDA out of memory: 20.0 MiB requested, 7.0 of 60.0 MiB free",
        "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of",
        "CUDA error: out of memory", "DefaultCPUAllocator: can't allocate memory: you tried to",
        "unhandled cuda error; Failed to CUDA calloc async 4194304 bytes",
        "unhandled cuda error; Cuda failure 2 'out of memory'",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"}) {
    EXPECT_EQ(device_fault_in(text), DeviceFault::kOutOfMemory) << text;
  }
}

TEST(DeviceFaultTest, FailedGpuIsALostDevice) {
  for (const char* text :
       {"CUDA error: uncorrectable ECC error encountered",
        "RuntimeError: CUDA error: an illegal memory access was encountered",
        "CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm(...)`",
        "cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"}) {
    EXPECT_EQ(device_fault_in(text), DeviceFault::kLost) << text;
  }
}

TEST(DeviceFaultTest, ErrorOfAModuleIsNotADeviceError) {
  for (const char* text :
       {"", "RuntimeError: shape '[2]' is invalid for input of size 3",
        "Expected all tensors to be on the same device, but found at least two devices",
        "CUDA error: CUBLAS_STATUS_INVALID_VALUE when calling `cublasSgemm(handle, ...)`",
        "cuDNN error: CUDNN_STATUS_BAD_PARAM"}) {
    EXPECT_EQ(device_fault_in(text), DeviceFault::kNone) << text;
  }
}

}  // namespace
}  // namespace scgan
