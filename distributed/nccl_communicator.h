// The Communicator over NCCL for tensors on this rank's GPU; tensors in host memory (losses, flags)
// go over MPI.
//
// Work runs on a stream of its own, which events order with LibTorch's current stream. The caller
// waits for it with a deadline, except inside run_async(): there everything is only enqueued,
// tensor operations too, and the future waits. Meanwhile a watchdog thread checks for aborts: the
// caller may be blocked inside CUDA (freeing memory waits for all work) by a kernel that waits for
// a rank that has aborted, and only aborting NCCL unblocks it. May be used from one thread at a
// time.
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
  void abort(const std::string& reason) override;

 private:
  class PendingOperation;
  using Buffers = std::list<std::shared_ptr<const void>>;

  void connect();
  // Does nothing if the watchdog is running.
  void start_watchdog();
  void stop_watchdog();
  // The watchdog's thread: aborts NCCL when another rank aborts or the deadline passes.
  void watch_until_stopped();

  // Calls `enqueue`, which passes work to NCCL, ordered after the current stream's work. Waits for
  // that work unless inside run_async(). It reads and writes `buffers`.
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
  // Guards calls of comm_ by the caller against the watchdog's abort.
  std::mutex calls_;
  // Why the watchdog aborted comm_.
  std::exception_ptr watchdog_error_;
  // Whether that abort has ended, so that the GPU no longer uses any buffer.
  bool abort_ended_ = true;
  // Buffers of failed operations: the GPU may still use them.
  std::unique_ptr<Buffers> retained_ = std::make_unique<Buffers>();
  std::promise<void> stop_requested_;
  std::thread watchdog_;
  // Inside run_async(): the current stream is stream_.
  bool in_async_ = false;
  // An operation failed, or this rank aborted.
  bool broken_ = false;
  // std::uncaught_exceptions() at construction.
  int exceptions_;
};

}  // namespace scgan::distributed
