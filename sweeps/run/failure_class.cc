#include "sweeps/run/failure_class.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <array>
#include <new>
#include <string_view>

#include "core/base/error.h"

namespace scgan::sweeps {
namespace {

using results::ExitClass;

constexpr int kCudaErrorMemoryAllocation = 2;  // cudaError_t's

template <size_t kCount>
bool says_any(const std::exception& problem, const std::array<std::string_view, kCount>& words) {
  const std::string_view text = problem.what();
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return text.find(word) != std::string_view::npos;
  });
}

// LibTorch has a class of its own for its allocator of a GPU's memory only.
bool is_out_of_memory(const std::exception& problem) {
  constexpr std::array<std::string_view, 3> kWords{"DefaultCPUAllocator: can't allocate memory",
                                                   "_STATUS_ALLOC_FAILED",              // of cuBLAS
                                                   "_ERROR_DEVICE_ALLOCATION_FAILED"};  // of cuDNN
  const auto* of_cuda = dynamic_cast<const c10::AcceleratorError*>(&problem);
  return dynamic_cast<const c10::OutOfMemoryError*>(&problem) != nullptr ||
         dynamic_cast<const std::bad_alloc*>(&problem) != nullptr ||
         (of_cuda != nullptr && of_cuda->get_error_code() == kCudaErrorMemoryAllocation) ||
         says_any(problem, kWords);
}

// After an error of CUDA's runtime every further call of the process fails, too. The libraries'
// words for a launch that failed; others of theirs are about arguments.
bool is_lost_gpu(const std::exception& problem) {
  constexpr std::array<std::string_view, 6> kWords{
      "CUBLAS_STATUS_EXECUTION_FAILED", "CUBLAS_STATUS_INTERNAL_ERROR",
      "CUBLAS_STATUS_MAPPING_ERROR",    "CUBLAS_STATUS_NOT_INITIALIZED",
      "CUDNN_STATUS_EXECUTION_FAILED",  "CUDNN_STATUS_INTERNAL_ERROR"};
  return dynamic_cast<const c10::AcceleratorError*>(&problem) != nullptr ||
         says_any(problem, kWords);
}

}  // namespace

ExitClass exit_class(const std::exception& problem) {
  if (is_out_of_memory(problem)) return ExitClass::kOutOfMemory;
  const auto* error = dynamic_cast<const Error*>(&problem);
  if (error == nullptr) return is_lost_gpu(problem) ? ExitClass::kLost : ExitClass::kUnknown;
  switch (error->kind()) {
    case ErrorKind::kOutOfMemory:
      return ExitClass::kOutOfMemory;
    case ErrorKind::kNonFinite:
      return ExitClass::kNonFinite;
    case ErrorKind::kData:
    case ErrorKind::kInvalidSpec:
      return ExitClass::kData;
    case ErrorKind::kStorage:
      return ExitClass::kStorage;
    case ErrorKind::kCommunication:
    case ErrorKind::kDevice:
      return ExitClass::kLost;
  }
  return ExitClass::kUnknown;
}

bool is_own_fault(const std::exception& problem) {
  const ExitClass of_it = exit_class(problem);
  return of_it != ExitClass::kLost && of_it != ExitClass::kStorage;
}

}  // namespace scgan::sweeps
