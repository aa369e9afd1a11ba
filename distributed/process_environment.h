// The environment variables that libraries read before main() can set them, and the device of a
// rank.
#pragma once

#include <c10/core/Device.h>

#include <map>
#include <string>

namespace scgan::distributed {

// Makes sure of these variables, each unless the user set it:
//   OMP_NUM_THREADS=1, OMP_WAIT_POLICY=passive       ranks that share cores must not spin
//   CUBLAS_WORKSPACE_CONFIG=:4096:8                  cuBLAS has fixed workspaces
//   NCCL_ALGO=Ring, NCCL_PROTO=Simple,               NCCL adds in one order, whatever the size of
//   NCCL_NVLS_ENABLE=0                               the message, and not in the switch
// and of LibTorch's deterministic kernels. Takes away OMP_DYNAMIC and OMP_THREAD_LIMIT, with which
// kernels of several threads never end, PYTORCH_TUNABLEOP_ENABLED, with which speed chooses
// kernels, and NVIDIA_TF32_OVERRIDE. OpenMP reads its variables when it is loaded, so the
// program starts itself anew once. Call first in main(), before MPI.
void fix_environment(char** argv);

// The variables of fix_environment() as they are, others that choose kernels if they are set,
// LibTorch's switches ("torch.deterministic", "torch.cudnn_benchmark", "torch.tf32": on or off) and
// the versions "cuda", "cudnn" (none without a GPU), "nccl" (none when not built in) and, where it
// is loaded, "nvidia_driver": what bits depend on beside LibTorch itself. For the record.
std::map<std::string, std::string> determinism_record();

// "auto" (a GPU if there is one), "cpu" or "cuda". With GPUs, rank r of a host takes GPU r modulo
// the number of those that CUDA_VISIBLE_DEVICES shows it, and it becomes LibTorch's current device.
// Throws Error(kInvalidSpec) for another word, Error(kDevice) when cuda is asked for
// and there is none.
c10::Device choose_device(const std::string& word, int local_rank);

// "cpu: <model name>, family <f> model <m>, <instructions that LibTorch uses>" or "cuda: <model
// name>, sm_<architecture>, <n> multiprocessors": ranks with equal texts give equal bits.
// SCGAN_DEVICE_NAME, if set: tests are on one host.
std::string describe(c10::Device device);

// One line per library: LibTorch, CUDA, NCCL, MPI. Does not start MPI.
std::string library_versions();

// Threads per rank, deterministic kernels, no TF32, no cuDNN benchmark.
void make_deterministic(int threads);

}  // namespace scgan::distributed
