#include "tools/device.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>

#include <CLI/App.hpp>

#include "core/base/error.h"
#include "core/model/determinism.h"

namespace scgan::tools {

void add_device_options(CLI::App& app, DeviceOptions& options) {
  app.add_option("--device", options.device, "cpu or cuda")
      ->check(CLI::IsMember({"cpu", "cuda"}).description(""))
      ->type_name("NAME")
      ->capture_default_str();
  app.add_option("--threads", options.threads, "CPU threads [all cores]")
      ->check(CLI::Range(1, 1024).description(""))
      ->type_name("N");
}

c10::Device use_device(const DeviceOptions& options) {
  if (options.threads > 0) {
    make_deterministic(options.threads);
  } else {
    use_deterministic_kernels();
  }
  if (options.device == "cpu") return c10::kCPU;
  if (!at::hasCUDA() || at::detail::getCUDAHooks().deviceCount() == 0) {
    throw Error(ErrorKind::kInvalidSpec, "--device cuda: no GPU is visible on this host");
  }
  return {c10::kCUDA, 0};
}

}  // namespace scgan::tools
