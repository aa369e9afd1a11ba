#include "sweeps/run/failure_class.h"

#include <c10/util/Exception.h>

#include <new>

#include "core/base/device_fault.h"
#include "core/base/error.h"

namespace scgan::sweeps {
namespace {

using results::ExitClass;

constexpr int kCudaErrorMemoryAllocation = 2;  // cudaError_t's

// LibTorch has a class of its own for its allocator of a GPU's memory only.
bool is_out_of_memory(const std::exception& problem) {
  const auto* of_cuda = dynamic_cast<const c10::AcceleratorError*>(&problem);
  return dynamic_cast<const c10::OutOfMemoryError*>(&problem) != nullptr ||
         dynamic_cast<const std::bad_alloc*>(&problem) != nullptr ||
         (of_cuda != nullptr && of_cuda->get_error_code() == kCudaErrorMemoryAllocation) ||
         device_fault_in(problem.what()) == DeviceFault::kOutOfMemory;
}

bool is_lost_gpu(const std::exception& problem) {
  return dynamic_cast<const c10::AcceleratorError*>(&problem) != nullptr ||
         device_fault_in(problem.what()) == DeviceFault::kLost;
}

}  // namespace

ExitClass exit_class(const std::exception& problem) {
  const auto* error = dynamic_cast<const Error*>(&problem);
  if (error == nullptr) {
    if (is_out_of_memory(problem)) return ExitClass::kOutOfMemory;
    return is_lost_gpu(problem) ? ExitClass::kLost : ExitClass::kUnknown;
  }
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
