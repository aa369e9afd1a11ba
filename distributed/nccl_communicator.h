// The Communicator over NCCL for tensors on this rank's GPU; tensors in host memory (losses, flags)
// go over MPI.
//
// Work runs on a stream of its own, which events order with LibTorch's current stream in both
// directions: operations only queue it, and the host never waits. NcclWatchdog keeps the deadline
// of what is queued and listens for ranks that abort. May be used from one thread at a time.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/cuda/CUDAStream.h>

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "core/comm/communicator.h"
#include "distributed/cuda_stream.h"
#include "distributed/mpi_communicator.h"
#include "distributed/nccl_comm.h"
#include "distributed/nccl_watchdog.h"

namespace scgan::distributed {

class NcclCommunicator final : public Communicator {
 public:
  // `host`: the same ranks; carries tensors in host memory, NCCL's id and aborts.
  // `timeout_seconds`: the longest a rank waits in one operation. NCCL connects the ranks and
  // allocates its memory here. Collective. Throws Error(kCommunication), Error(kDevice), or
  // Error(kOutOfMemory) if NCCL could not allocate memory on this rank.
  NcclCommunicator(std::unique_ptr<MpiCommunicator> host, c10::Device device,
                   double timeout_seconds = 1800);

  // Collective unless an operation has failed, as with MPI. Aborts NCCL's communicator after an
  // error or during stack unwinding.
  ~NcclCommunicator() override;

  void all_gather(const at::Tensor& mine, at::Tensor& all) override;
  void all_to_all(const at::Tensor& shards, at::Tensor& mine) override;
  void broadcast(at::Tensor& tensor, int root) override;
  void all_reduce_sum(at::Tensor& tensor) override;
  std::future<void> run_async(std::function<void()> work) override;
  void confirm() override;
  void settle() override;
  void abort(const std::string& reason) override;

 private:
  // Orders the current stream after stream_ in its destructor, even if work was queued in part: the
  // memory of its tensors may be used again from then on.
  class Join;

  void connect();
  // Calls `enqueue`, which passes work to NCCL, and orders that work after what the current stream
  // was given before, and before what it is given afterwards. It reads and writes `buffers`.
  void run(const char* operation, const std::vector<at::Tensor>& buffers,
           const std::function<ncclResult_t()>& enqueue);
  ncclResult_t exchange(const at::Tensor& shards, const at::Tensor& mine) const;
  cudaStream_t current() const;
  MpiCommunicator& confirmed_host();

  std::unique_ptr<MpiCommunicator> host_;
  c10::Device device_;
  CudaStream stream_;
  CudaEvent before_, after_;
  NcclComm comm_;
  NcclWatchdog watchdog_;
  // This rank aborted.
  bool broken_ = false;
  // std::uncaught_exceptions() at construction.
  int exceptions_;
};

}  // namespace scgan::distributed
