#include "core/base/device_fault.h"

#include <algorithm>
#include <array>

namespace scgan {
namespace {

constexpr std::array<std::string_view, 8> kOutOfMemory{
    "CUDA out of memory",
    "CUDA error: out of memory",
    "DefaultCPUAllocator: can't allocate memory",
    "_STATUS_ALLOC_FAILED",             // cuBLAS
    "_ERROR_DEVICE_ALLOCATION_FAILED",  // cuDNN
    "Failed to CUDA calloc",            // NCCL, as are the next two
    "Cuda failure 2 ",
    "Cuda failure 'out of memory'"};

// The libraries' status names for a failed launch; their other statuses concern the arguments.
constexpr std::array<std::string_view, 6> kLost{
    "CUBLAS_STATUS_EXECUTION_FAILED", "CUBLAS_STATUS_INTERNAL_ERROR",
    "CUBLAS_STATUS_MAPPING_ERROR",    "CUBLAS_STATUS_NOT_INITIALIZED",
    "CUDNN_STATUS_EXECUTION_FAILED",  "CUDNN_STATUS_INTERNAL_ERROR"};

template <size_t kCount>
bool has_any(std::string_view text, const std::array<std::string_view, kCount>& words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return text.find(word) != std::string_view::npos;
  });
}

// LibTorch uses the prefix "CUDA error: " both for errors of the CUDA runtime and for the statuses
// of cuBLAS, which are excluded here.
bool is_of_cuda_runtime(std::string_view text) {
  constexpr std::string_view kBegin = "CUDA error: ";
  const size_t begin = text.find(kBegin);
  if (begin == std::string_view::npos) return false;
  const std::string_view rest = text.substr(begin + kBegin.size());
  return rest.substr(0, rest.find(' ')).find("_STATUS_") == std::string_view::npos;
}

}  // namespace

DeviceFault device_fault_in(std::string_view text) {
  if (has_any(text, kOutOfMemory)) return DeviceFault::kOutOfMemory;
  const bool lost = is_of_cuda_runtime(text) || has_any(text, kLost);
  return lost ? DeviceFault::kLost : DeviceFault::kNone;
}

}  // namespace scgan
