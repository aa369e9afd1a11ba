// Detects from an error message of LibTorch, CUDA or NVIDIA's libraries whether the device failed,
// rather than the computation. If the type of the exception is available, it is more reliable;
// TorchScript's interpreter passes on only the text.
#pragma once

#include <string_view>

namespace scgan {

enum class DeviceFault {
  kNone,
  // Out of GPU or host memory.
  kOutOfMemory,
  // The device cannot be used any more: after an error of the CUDA runtime, all further calls of
  // the process also fail.
  kLost,
};

// Recognises the messages of LibTorch 2.11 and NCCL 2.28.
DeviceFault device_fault_in(std::string_view text);

}  // namespace scgan
