#include "core/base/device_fault.h"

#include <algorithm>
#include <array>

namespace scgan {
namespace {

constexpr std::array<std::string_view, 5> kOutOfMemory{
    "CUDA out of memory", "CUDA error: out of memory", "DefaultCPUAllocator: can't allocate memory",
    "_STATUS_ALLOC_FAILED",              // of cuBLAS
    "_ERROR_DEVICE_ALLOCATION_FAILED"};  // of cuDNN

// The libraries' words for a launch that failed; others of theirs are about arguments.
constexpr std::array<std::string_view, 7> kLost{"CUDA error: ",
                                                "CUBLAS_STATUS_EXECUTION_FAILED",
                                                "CUBLAS_STATUS_INTERNAL_ERROR",
                                                "CUBLAS_STATUS_MAPPING_ERROR",
                                                "CUBLAS_STATUS_NOT_INITIALIZED",
                                                "CUDNN_STATUS_EXECUTION_FAILED",
                                                "CUDNN_STATUS_INTERNAL_ERROR"};

template <size_t kCount>
bool has_any(std::string_view text, const std::array<std::string_view, kCount>& words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return text.find(word) != std::string_view::npos;
  });
}

}  // namespace

DeviceFault device_fault_in(std::string_view text) {
  if (has_any(text, kOutOfMemory)) return DeviceFault::kOutOfMemory;
  return has_any(text, kLost) ? DeviceFault::kLost : DeviceFault::kNone;
}

}  // namespace scgan
