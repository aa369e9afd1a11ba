#include "distributed/versions.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <fmt/format.h>
#include <torch/version.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "distributed/environment.h"
#include "distributed/mpi_runtime.h"
#include "distributed/nccl_factory.h"

namespace scgan::distributed {
namespace {

const char* on_off(bool value) { return value ? "on" : "off"; }

}  // namespace

std::string library_versions() {
  const bool cuda = at::hasCUDA();
  return fmt::format("LibTorch {}\nCUDA {}\nNCCL {}\nMPI {}", TORCH_VERSION,
                     cuda ? at::detail::getCUDAHooks().showConfig() : "no GPU visible",
                     nccl_version(), MpiRuntime::library());
}

std::map<std::string, std::string> determinism_record() {
  std::map<std::string, std::string> record = environment_record();
  const auto& context = at::globalContext();
  record["torch.deterministic"] =
      on_off(context.deterministicAlgorithms() && context.deterministicCuDNN());
  record["torch.cudnn_benchmark"] = on_off(context.benchmarkCuDNN());
  record["torch.tf32"] = on_off(context.allowTF32CuBLAS() || context.allowTF32CuDNN());
  const bool gpu = at::hasCUDA();
  const auto& hooks = at::detail::getCUDAHooks();
  record["cuda"] = gpu ? std::to_string(hooks.versionCUDART()) : "none";
  record["cudnn"] = gpu ? std::to_string(hooks.versionCuDNN()) : "none";
  record["nccl"] = nccl_version();
  std::array<char, 64> libc{};
  confstr(_CS_GNU_LIBC_VERSION, libc.data(), libc.size());
  record["libc"] = libc.data();
  if (std::string driver; std::getline(std::ifstream("/sys/module/nvidia/version"), driver)) {
    record["nvidia_driver"] = driver;
  }
  return record;
}

}  // namespace scgan::distributed
