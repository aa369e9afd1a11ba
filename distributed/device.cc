#include "distributed/device.h"

#include <ATen/Context.h>
#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>

#include "core/base/error.h"
#include "distributed/gpu.h"

namespace scgan::distributed {
namespace {

// "AMD EPYC, family 26 model 2": virtual machines often show one name for different models.
std::string cpu_model() {
  std::string name = "unknown", family, model;
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line) && !line.empty();) {  // of the first processor
    const size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    const std::string value = line.substr(colon + 2);
    if (line.starts_with("model name")) {
      name = value;
    } else if (line.starts_with("cpu family")) {
      family = value;
    } else if (line.starts_with("model\t")) {
      model = value;
    }
  }
  return family.empty() ? name : fmt::format("{}, family {} model {}", name, family, model);
}

}  // namespace

c10::Device choose_device(const std::string& name, int local_rank) {
  if (name != "auto" && name != "cpu" && name != "cuda") {
    throw Error(ErrorKind::kInvalidSpec,
                fmt::format("--device {}: expected auto, cpu or cuda", name));
  }
  const int64_t gpus = at::hasCUDA() ? at::detail::getCUDAHooks().deviceCount() : 0;
  if (name == "cpu" || (name == "auto" && gpus == 0)) return at::kCPU;
  if (gpus == 0) throw Error(ErrorKind::kDevice, "--device cuda: no GPU is visible on this host");
  const c10::Device device(at::kCUDA, static_cast<c10::DeviceIndex>(local_rank % gpus));
  c10::impl::VirtualGuardImpl(at::kCUDA).setDevice(device);
  throw_on_gpu_out_of_memory();
  return device;
}

std::string describe(c10::Device device) {
  if (const char* name = std::getenv("SCGAN_DEVICE_NAME")) return name;
  if (device.is_cpu()) return fmt::format("cpu: {}, {}", cpu_model(), at::get_cpu_capability());
  return "cuda: " + gpu_name(device);
}

}  // namespace scgan::distributed
