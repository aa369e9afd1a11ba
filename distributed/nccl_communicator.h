// The Communicator over NCCL for tensors on this rank's GPU; tensors in host memory (losses, flags)
// go over MPI.
//
// Work runs on a stream of its own, ordered with LibTorch's current stream by events. The caller
// waits for it with a deadline, except inside beside(): there everything is queued at once, tensor
// operations too, and the caller goes on; the future it gets does the waiting. It may be used from
// one thread at a time.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/cuda/CUDAStream.h>

#include <functional>
#include <future>
#include <memory>
#include <vector>

#include "core/comm/communicator.h"
#include "distributed/cuda_stream.h"
#include "distributed/nccl_comm.h"

namespace scgan::distributed {

class NcclCommunicator final : public Communicator {
 public:
  // `host`: of the same ranks, for host memory and for NCCL's id. `timeout_seconds`: the longest a
  // rank waits in one operation. Collective. Throws Error(kCommunication), Error(kDevice).
  NcclCommunicator(std::unique_ptr<Communicator> host, c10::Device device,
                   double timeout_seconds = 1800);

  // When all went well the ranks leave scope together, as with MPI. After an error, or while one
  // passes, NCCL's communicator is aborted.
  ~NcclCommunicator() override;

  void all_gather(const at::Tensor& mine, at::Tensor& all) override;
  void all_to_all(const at::Tensor& shards, at::Tensor& mine) override;
  void broadcast(at::Tensor& tensor, int root) override;
  void all_reduce_sum(at::Tensor& tensor) override;
  std::future<void> beside(std::function<void()> work) override;

 private:
  // Queues what `enqueue` hands to NCCL behind the current stream's work, and waits for its end
  // unless inside beside(). `buffers` are what it reads and writes.
  void run(const char* operation, const std::vector<at::Tensor>& buffers,
           const std::function<ncclResult_t()>& enqueue);
  ncclResult_t exchange(const at::Tensor& shards, const at::Tensor& mine) const;
  cudaStream_t current() const;

  std::unique_ptr<Communicator> host_;
  c10::Device device_;
  CudaStream stream_;
  CudaEvent before_, done_;
  NcclComm comm_;
  bool beside_ = false;  // inside beside(): the current stream is stream_
  bool broken_ = false;  // an operation failed
  int exceptions_;       // that were under way when this was made
};

}  // namespace scgan::distributed
