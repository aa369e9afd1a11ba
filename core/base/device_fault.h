// Whether a message of LibTorch, CUDA or NVIDIA's libraries speaks of a fault of the device, not of
// what was computed. Where the type of an exception is at hand it says more; TorchScript's
// interpreter leaves only the text.
#pragma once

#include <string_view>

namespace scgan {

enum class DeviceFault {
  kNone,
  kOutOfMemory,  // of a GPU's memory, or the host's
  kLost,         // after an error of CUDA's runtime every further call of the process fails, too
};

// In the words of LibTorch 2.11 and NCCL 2.28.
DeviceFault device_fault_in(std::string_view text);

}  // namespace scgan
