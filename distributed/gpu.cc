#include "distributed/gpu.h"

#include <cuda_runtime_api.h>
#include <fmt/format.h>

#include <array>
#include <fstream>

#include "distributed/cuda_stream.h"

namespace scgan::distributed {

std::string gpu_name(c10::Device device) {
  cudaDeviceProp properties{};
  check_cuda(cudaGetDeviceProperties(&properties, device.index()), "cudaGetDeviceProperties");
  return fmt::format("{}, sm_{}{}", static_cast<const char*>(properties.name), properties.major,
                     properties.minor);
}

std::string gpu_seat(c10::Device device) {
  std::array<char, 32> address{};
  check_cuda(
      cudaDeviceGetPCIBusId(address.data(), static_cast<int>(address.size()), device.index()),
      "cudaDeviceGetPCIBusId");
  // One value for all containers of a host, and another one on every host.
  std::string boot_id;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), boot_id);
  return boot_id + " " + address.data();
}

}  // namespace scgan::distributed
