#include "distributed/environment.h"

#include <malloc.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>

#include "core/base/log.h"

namespace scgan::distributed {
namespace {

constexpr std::array<std::pair<const char*, const char*>, 6> kVariables{
    {{"OMP_NUM_THREADS", "1"},
     {"OMP_WAIT_POLICY", "passive"},
     {"CUBLAS_WORKSPACE_CONFIG", ":4096:8"},
     {"NCCL_ALGO", "Ring"},
     {"NCCL_PROTO", "Simple"},
     {"NCCL_NVLS_ENABLE", "0"}}};

// With the first two, OpenMP starts fewer threads than a kernel requests, and oneDNN's kernels wait
// for the missing ones. With the third, LibTorch takes the GPU kernel that was fastest just now.
// With the fourth, NVIDIA's libraries use TF32 whatever LibTorch's switches say.
constexpr std::array kForbidden{"OMP_DYNAMIC", "OMP_THREAD_LIMIT", "PYTORCH_TUNABLEOP_ENABLED",
                                "NVIDIA_TF32_OVERRIDE"};

// These make a library choose other kernels; recorded if set.
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

// By default glibc returns the memory of every freed tensor to the system, and the next tensor
// makes the system clear the same pages again: a twentieth of a training step on the CPU.
void keep_freed_memory() {
  // The largest threshold that glibc takes; larger blocks still go back at once.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  // So much may lie unused at the end of the heap.
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

// In MiB: how much TCMalloc may take under a limit of the address space (ulimit -v), or 0 without a
// limit. TCMalloc never returns address space, and without any left oneDNN cannot map the code that
// it generates, and crashes.
int64_t heap_limit_mib() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return 0;
  int64_t pages_of_process = 0;
  std::ifstream("/proc/self/statm") >> pages_of_process;
  const auto free = static_cast<int64_t>(limit.rlim_cur) - pages_of_process * sysconf(_SC_PAGESIZE);
  constexpr int64_t kMiB = 1 << 20;
  return std::max<int64_t>(free / kMiB * 3 / 4, 1);
}

// Returns whether it has set the variable.
bool set_unless_set(const char* name, const char* value) {
  if (std::getenv(name) != nullptr) return false;
  setenv(name, value, 1);
  return true;
}

}  // namespace

void fix_environment(char** argv) {
  keep_freed_memory();
  bool changed = false;
  for (const auto& [name, value] : kVariables) changed |= set_unless_set(name, value);
  // With train.threads, the threads of a rank wait for each other after every parallel loop, mostly
  // for microseconds; to sleep and wake takes longer.
  if (usable_cores() >= 2 * ranks_on_host()) changed |= set_unless_set("GOMP_SPINCOUNT", "2000");
  if (const int64_t limit = heap_limit_mib(); limit > 0)
    changed |= set_unless_set("TCMALLOC_HEAP_LIMIT_MB", std::to_string(limit).c_str());
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

int usable_cores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  return sched_getaffinity(0, sizeof(cores), &cores) == 0 ? CPU_COUNT(&cores) : 1;
}

int cores_of_host() { return static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN)); }

int ranks_on_host() {
  for (const char* name :
       {"OMPI_COMM_WORLD_LOCAL_SIZE", "SLURM_STEP_TASKS_PER_NODE", "SLURM_TASKS_PER_NODE"}) {
    const char* text = std::getenv(name);  // Slurm's may be "4(x2)" or "4,3"
    const int count = text == nullptr ? 0 : std::atoi(text);
    if (count > 0) return count;
  }
  return 1;
}

std::map<std::string, std::string> environment_record() {
  std::map<std::string, std::string> record;
  for (const auto& [name, value] : kVariables) {
    const char* set = std::getenv(name);
    record[name] = set == nullptr ? "" : set;
  }
  for (const char* name : kChoosingKernels) {
    if (const char* set = std::getenv(name)) record[name] = set;
  }
  return record;
}

}  // namespace scgan::distributed
