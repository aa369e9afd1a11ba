// The environment variables that libraries read before main() can set them, and the memory
// allocator.
#pragma once

#include <map>
#include <string>

namespace scgan::distributed {

// Sets these variables unless the user has set them:
//   OMP_NUM_THREADS=1, OMP_WAIT_POLICY=passive   ranks that share cores must not spin
//   GOMP_SPINCOUNT=2000                          where each rank of the host has two cores, its
//                                                threads spin for microseconds before they sleep
//   TCMALLOC_HEAP_LIMIT_MB=...                   under ulimit -v, three quarters of what is free
//   CUBLAS_WORKSPACE_CONFIG=:4096:8              cuBLAS uses fixed workspaces
//   NCCL_ALGO=Ring, NCCL_PROTO=Simple,           NCCL adds in one order for every message size,
//   NCCL_NVLS_ENABLE=0                           and not in the switch
// Unsets OMP_DYNAMIC and OMP_THREAD_LIMIT, with which kernels of several threads never end,
// PYTORCH_TUNABLEOP_ENABLED, which chooses kernels by their speed, and NVIDIA_TF32_OVERRIDE. OpenMP
// reads its variables when it is loaded: if any variable changed, the program restarts itself once.
// Also makes glibc's malloc, where the program uses it, keep up to 1 GiB of freed memory for the
// next tensors. Call first in main(), before MPI starts.
void fix_environment(char** argv);

// How many cores this process may use; mpirun may bind a rank to a single one.
int usable_cores();
int cores_of_host();
// Of this job on this host, as the launcher says; 1 without one.
int ranks_on_host();

// The values of the variables above that are set by fix_environment() ("" if unset), and of all
// other variables that make a library choose other kernels, where they are set.
std::map<std::string, std::string> environment_record();

}  // namespace scgan::distributed
