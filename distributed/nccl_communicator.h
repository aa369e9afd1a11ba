// The Communicator over NCCL for tensors on this rank's GPU; tensors in host memory (losses, flags)
// go over MPI.
//
// Work runs on a stream of its own, ordered with LibTorch's current stream by events. The caller
// waits for it with a deadline, except inside run_async(): there everything is queued at once,
// tensor operations too, and the caller goes on; the future it gets does the waiting. Until then a
// thread listens: the caller may be held up by a GPU that waits for a rank which gave up (CUDA's
// memory is given back when all work is done), and then only an abort lets it go on. It may be used
// from one thread at a time.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/cuda/CUDAStream.h>

#include <exception>
#include <functional>
#include <future>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/comm/communicator.h"
#include "distributed/cuda_stream.h"
#include "distributed/mpi_communicator.h"
#include "distributed/nccl_comm.h"

namespace scgan::distributed {

class NcclCommunicator final : public Communicator {
 public:
  // `host`: of the same ranks, for host memory, for NCCL's id, and for the word of a rank that
  // gives up. `timeout_seconds`: the longest a rank waits in one operation. NCCL connects the ranks
  // here, and takes its memory for that. Collective. Throws Error(kCommunication), Error(kDevice),
  // Error(kOutOfMemory) when NCCL had no memory on this rank.
  NcclCommunicator(std::unique_ptr<MpiCommunicator> host, c10::Device device,
                   double timeout_seconds = 1800);

  // When all went well the ranks leave scope together, as with MPI. After an error, or while one
  // passes, NCCL's communicator is aborted.
  ~NcclCommunicator() override;

  void all_gather(const at::Tensor& mine, at::Tensor& all) override;
  void all_to_all(const at::Tensor& shards, at::Tensor& mine) override;
  void broadcast(at::Tensor& tensor, int root) override;
  void all_reduce_sum(at::Tensor& tensor) override;
  std::future<void> run_async(std::function<void()> work) override;
  void abort(const std::string& reason) override;

 private:
  class PendingOperation;
  using Buffers = std::list<std::shared_ptr<const void>>;

  void connect();
  void watch();      // starts the thread that listens, unless there is one
  void end_watch();  // throws what it heard
  void stop_watch();
  void listen_until_stopped();

  // Queues what `enqueue` hands to NCCL behind the current stream's work, and waits for its end
  // unless inside run_async(). `buffers` are what it reads and writes.
  void run(const char* operation, const std::vector<at::Tensor>& buffers,
           const std::function<ncclResult_t()>& enqueue);
  ncclResult_t exchange(const at::Tensor& shards, const at::Tensor& mine) const;
  cudaStream_t current() const;

  std::unique_ptr<MpiCommunicator> host_;
  c10::Device device_;
  CudaStream stream_;
  CudaEvent before_, done_;
  NcclComm comm_;
  double timeout_seconds_;
  std::mutex calls_;          // of comm_: the caller's, or the listening thread's abort
  std::exception_ptr heard_;  // why that thread aborted
  bool aborted_ = true;       // what it began has come to its end
  // Of operations that did not end well: the GPU may still use them.
  std::unique_ptr<Buffers> in_use_ = std::make_unique<Buffers>();
  std::promise<void> stop_watch_;
  std::thread watcher_;
  bool in_async_ = false;  // inside run_async(): the current stream is stream_
  bool broken_ = false;    // an operation failed, or this rank gave up
  int exceptions_;         // that were under way when this was made
};

}  // namespace scgan::distributed
