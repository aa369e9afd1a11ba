// --device and --threads of the programs that compute.
#pragma once

#include <c10/core/Device.h>

#include <string>

namespace CLI {
class App;
}

namespace scgan::tools {

struct DeviceOptions {
  std::string device = "cpu";
  // CPU threads; 0 = one per core.
  int threads = 0;
};

void add_device_options(CLI::App& app, DeviceOptions& options);

// Sets LibTorch's number of threads and takes deterministic kernels. Throws Error(kInvalidSpec)
// when the device does not exist.
c10::Device use_device(const DeviceOptions& options);

}  // namespace scgan::tools
