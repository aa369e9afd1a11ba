#include "distributed/process_environment.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/core/Tensor.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/impl/VirtualGuardImpl.h>
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
#include "distributed/communicator_factory.h"
#include "distributed/mpi_runtime.h"

namespace scgan::distributed {
namespace {

constexpr std::array<std::pair<const char*, const char*>, 6> kVariables{
    {{"OMP_NUM_THREADS", "1"},
     {"OMP_WAIT_POLICY", "passive"},
     {"CUBLAS_WORKSPACE_CONFIG", ":4096:8"},
     {"NCCL_ALGO", "Ring"},
     {"NCCL_PROTO", "Simple"},
     {"NCCL_NVLS_ENABLE", "0"}}};

// With the first two OpenMP gives a kernel fewer threads than it asks for; oneDNN's wait for the
// missing ones. With the third LibTorch takes the GPU kernel that was the fastest just now, with
// the fourth NVIDIA's libraries use TF32 whatever they are told.
constexpr std::array kForbidden{"OMP_DYNAMIC", "OMP_THREAD_LIMIT", "PYTORCH_TUNABLEOP_ENABLED",
                                "NVIDIA_TF32_OVERRIDE"};

// With these a library takes other kernels; recorded where somebody set them.
constexpr std::array kChoosingKernels{"ATEN_CPU_CAPABILITY",
                                      "ONEDNN_MAX_CPU_ISA",
                                      "DNNL_MAX_CPU_ISA",
                                      "MKL_CBWR",
                                      "MKL_ENABLE_INSTRUCTIONS",
                                      "CUDNN_ERRATA_JSON_FILE",
                                      "TORCH_CUDNN_V8_API_DISABLED",
                                      "CUBLASLT_WORKSPACE_SIZE",
                                      "TORCH_CUBLASLT_UNIFIED_WORKSPACE",
                                      "TORCH_BLAS_PREFER_CUBLASLT",
                                      "DISABLE_ADDMM_CUDA_LT",
                                      "TORCH_LINALG_PREFER_CUSOLVER"};

// "AMD EPYC, family 26 model 2": virtual machines often give the same name to different ones.
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

void use_deterministic_kernels() {
  auto& context = at::globalContext();
  context.setDeterministicAlgorithms(true, /*warn_only=*/false);
  context.setDeterministicCuDNN(true);
  context.setBenchmarkCuDNN(false);
  context.setAllowTF32CuBLAS(false);
  context.setAllowTF32CuDNN(false);
}

const char* on_off(bool value) { return value ? "on" : "off"; }

}  // namespace

void fix_environment(char** argv) {
  use_deterministic_kernels();
  bool changed = false;
  for (const auto& [name, value] : kVariables) {
    if (std::getenv(name) == nullptr) {
      setenv(name, value, 1);
      changed = true;
    }
  }
  for (const char* name : kForbidden) {
    if (std::getenv(name) != nullptr) {
      unsetenv(name);
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
  const c10::Device device(at::kCUDA, static_cast<c10::DeviceIndex>(local_rank % gpus));
  c10::impl::VirtualGuardImpl(at::kCUDA).setDevice(device);
  prepare_gpu();
  return device;
}

std::string describe(c10::Device device) {
  if (const char* name = std::getenv("SCGAN_DEVICE_NAME")) return name;
  if (device.is_cpu()) return fmt::format("cpu: {}, {}", cpu_model(), at::get_cpu_capability());
  return "cuda: " + gpu_model(device);
}

std::string library_versions() {
  const bool cuda = at::hasCUDA();
  return fmt::format("LibTorch {}\nCUDA {}\nNCCL {}\nMPI {}", TORCH_VERSION,
                     cuda ? at::detail::getCUDAHooks().showConfig() : "no GPU visible",
                     nccl_version(), MpiRuntime::library());
}

void make_deterministic(int threads) {
  at::set_num_threads(threads);
  use_deterministic_kernels();
}

std::map<std::string, std::string> determinism_record() {
  std::map<std::string, std::string> record;
  for (const auto& [name, value] : kVariables) {
    const char* set = std::getenv(name);
    record[name] = set == nullptr ? "" : set;
  }
  for (const char* name : kChoosingKernels) {
    if (const char* set = std::getenv(name)) record[name] = set;
  }
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
  if (std::string driver; std::getline(std::ifstream("/sys/module/nvidia/version"), driver)) {
    record["nvidia_driver"] = driver;
  }
  return record;
}

}  // namespace scgan::distributed
