#include "sweeps/run/failure_class.h"

#include <c10/util/Exception.h>

#include <new>

#include "core/base/device_fault.h"

namespace scgan::sweeps {
namespace {

using results::ExitClass;

constexpr int kCudaErrorMemoryAllocation = 2;  // of cudaError_t
constexpr const char* kSeparator = ": ";

// LibTorch throws OutOfMemoryError only from its allocator of GPU memory.
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
  if (dynamic_cast<const OutOfMemoryMayFit*>(error) != nullptr) {
    return ExitClass::kOutOfMemoryMayFit;
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
  const ExitClass found = exit_class(problem);
  return found != ExitClass::kLost && found != ExitClass::kStorage;
}

std::string to_abort_reason(const report::AttemptFailed& failure) {
  return results::to_string(failure.exit_class) + (kSeparator + failure.reason);
}

report::AttemptFailed failure_from(const std::string& abort_reason) {
  const size_t end = abort_reason.find(kSeparator);
  const std::string word = abort_reason.substr(0, end);
  const ExitClass found = results::exit_class_from_string(word);
  if (end == std::string::npos || results::to_string(found) != word) {
    return {ExitClass::kUnknown, abort_reason};
  }
  return {found, abort_reason.substr(end + std::string_view(kSeparator).size())};
}

}  // namespace scgan::sweeps
