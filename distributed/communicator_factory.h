// What this build has of CUDA and NCCL; the only place that asks.
#pragma once

#include <c10/core/Device.h>

#include <memory>
#include <string>

#include "core/comm/communicator.h"
#include "distributed/mpi_comm.h"

namespace scgan::distributed {

// The Communicator of `group`, whose ranks compute on `device`: by NCCL when every rank has a GPU
// of its own, else by MPI, through host memory; one line of log says which and why. With
// SCGAN_NCCL_SHARED_GPU=1 and NCCL 2.30 or later, ranks that share a GPU use NCCL too (for tests).
// `timeout_seconds`: the longest a rank waits in one operation. Collective over the group.
std::unique_ptr<Communicator> make_communicator(MpiComm group, c10::Device device,
                                                double timeout_seconds = 1800);

// See gpu_name(); "cuda:0" in a build without CUDA's headers. Throws Error(kDevice) when there is
// no such GPU.
std::string gpu_model(c10::Device device);

// Before this process computes on its GPU: see refuse_when_gpu_memory_ends().
void prepare_gpu();

// What LibTorch keeps on the GPU for later tensors becomes free: for NCCL, which takes memory
// beside it, and for other processes on the same GPU. Does nothing for a CPU.
void give_back_gpu_memory(c10::Device device);

// "2.28.9", or "none" in a build without NCCL.
std::string nccl_version();

}  // namespace scgan::distributed
