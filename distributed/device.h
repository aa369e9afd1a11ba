// The device that a rank computes on.
#pragma once

#include <c10/core/Device.h>

#include <string>

namespace scgan::distributed {

// `name`: "auto" (a GPU if there is one), "cpu" or "cuda". With GPUs, rank r of a host takes GPU r
// modulo the number that CUDA_VISIBLE_DEVICES leaves; it becomes LibTorch's current device. Throws
// Error(kInvalidSpec) for another name, Error(kDevice) for "cuda" without a GPU.
c10::Device choose_device(const std::string& name, int local_rank);

// "cpu: <model name>, family <f> model <m>, <instruction set that LibTorch uses>" or "cuda: " and
// gpu_name(): ranks with equal texts compute equal bits. SCGAN_DEVICE_NAME replaces it: tests run
// on one host.
std::string describe(c10::Device device);

}  // namespace scgan::distributed
