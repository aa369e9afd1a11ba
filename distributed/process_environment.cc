#include "distributed/process_environment.h"

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <fmt/format.h>
#include <torch/version.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <utility>

#include "core/base/error.h"
#include "core/base/log.h"
#include "distributed/mpi_runtime.h"

namespace scgan::distributed {
namespace {

constexpr std::array<std::pair<const char*, const char*>, 3> kVariables{
    {{"OMP_NUM_THREADS", "1"},
     {"OMP_WAIT_POLICY", "passive"},
     {"CUBLAS_WORKSPACE_CONFIG", ":4096:8"}}};

std::string cpu_model() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

}  // namespace

void fix_environment(char** argv) {
  bool changed = false;
  for (const auto& [name, value] : kVariables) {
    if (std::getenv(name) == nullptr) {
      setenv(name, value, 1);
      changed = true;
    }
  }
  if (!changed) return;
  execv("/proc/self/exe", argv);
  log::warn("could not restart with OpenMP's settings ({}); training may be slow",
            std::strerror(errno));
}

c10::Device choose_device(const std::string& word, int local_rank) {
  if (word != "auto" && word != "cpu" && word != "cuda") {
    throw Error(ErrorKind::kInvalidSpec,
                fmt::format("--device {}: expected auto, cpu or cuda", word));
  }
  const int64_t gpus = at::hasCUDA() ? at::detail::getCUDAHooks().deviceCount() : 0;
  if (word == "cpu" || (word == "auto" && gpus == 0)) return at::kCPU;
  if (gpus == 0) throw Error(ErrorKind::kDevice, "--device cuda: no GPU is visible on this host");
  return {at::kCUDA, static_cast<c10::DeviceIndex>(local_rank % gpus)};
}

std::string describe(c10::Device device) {
  if (device.is_cpu()) return "cpu: " + cpu_model();
  return fmt::format("cuda: {}", device.str());
}

std::string library_versions() {
  const bool cuda = at::hasCUDA();
  return fmt::format("LibTorch {}\nCUDA {}\nMPI {}", TORCH_VERSION,
                     cuda ? at::detail::getCUDAHooks().showConfig() : "no GPU visible",
                     MpiRuntime::library());
}

void make_deterministic(int threads) {
  at::set_num_threads(threads);
  auto& context = at::globalContext();
  context.setDeterministicAlgorithms(true, /*warn_only=*/false);
  context.setDeterministicCuDNN(true);
  context.setBenchmarkCuDNN(false);
  context.setAllowTF32CuBLAS(false);
  context.setAllowTF32CuDNN(false);
}

}  // namespace scgan::distributed
