// The environment variables that libraries read before main() can set them, and the device of a
// rank.
#pragma once

#include <c10/core/Device.h>

#include <string>

namespace scgan::distributed {

// Makes sure of OMP_NUM_THREADS=1, OMP_WAIT_POLICY=passive (ranks that share cores must not spin)
// and CUBLAS_WORKSPACE_CONFIG=:4096:8 (deterministic cuBLAS), each unless the user set it. OpenMP
// reads its variables when it is loaded, so the program starts itself anew once. Call first in
// main(), before MPI.
void fix_environment(char** argv);

// "auto" (a GPU if there is one), "cpu" or "cuda". With GPUs, rank r of a host takes GPU r modulo
// their number. Throws Error(kInvalidSpec) for another word, Error(kDevice) when cuda is asked for
// and there is none.
c10::Device choose_device(const std::string& word, int local_rank);

// "cpu: <model name>" or "cuda: <model name>".
std::string describe(c10::Device device);

// One line per library: LibTorch, CUDA, NCCL, MPI. Does not start MPI.
std::string library_versions();

// Threads per rank, deterministic kernels, no TF32, no cuDNN benchmark.
void make_deterministic(int threads);

}  // namespace scgan::distributed
