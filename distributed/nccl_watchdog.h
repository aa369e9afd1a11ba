// Watches the operations of an NCCL communicator that wait on a stream of the GPU, so that the host
// need not wait for them.
//
// A thread asks every 20 ms how far the GPU is. It aborts the communicator when another rank has
// aborted, when NCCL reports an error, or when the GPU has waited in one operation for longer than
// the deadline: then the GPU continues, and so does a host that waits for the GPU inside CUDA. The
// bytes of an aborted operation are wrong; confirm() tells.
#pragma once

#include <c10/core/Device.h>
#include <cuda_runtime_api.h>
#include <nccl.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "distributed/cuda_stream.h"
#include "distributed/deadline.h"
#include "distributed/nccl_comm.h"

namespace scgan::distributed {

// One thread at a time may call it.
class NcclWatchdog {
 public:
  // All operations of `comm` go through enqueue(), onto `stream` of `device`.
  NcclWatchdog(NcclComm& comm, c10::Device device, cudaStream_t stream);
  ~NcclWatchdog() { stop(); }
  NcclWatchdog(const NcclWatchdog&) = delete;
  NcclWatchdog& operator=(const NcclWatchdog&) = delete;

  // Makes `call`, which passes the work of `operation` (a literal) to NCCL, and watches that work.
  // Returns when NCCL has put it on the stream. Throws the error of any operation that has failed,
  // as NcclComm does.
  void enqueue(const char* operation, const std::function<ncclResult_t()>& call);

  // Throws the error of an operation that has failed. If this returns, all that had ended on the
  // GPU before the call ended with the right bytes.
  void confirm();

  // Waits until all operations have ended, then as confirm().
  void settle();

  // Ends the thread. Afterwards nothing may be called but failed().
  void stop();
  bool failed() const { return failed_; }

 private:
  struct Operation {
    const char* name;
    // Reached when the GPU enters the operation, and when it leaves it.
    CudaEvent begun, ended;
    // Whether `ended` has been put on the stream.
    bool is_queued;
  };

  void watch();
  // These need the mutex.
  void advance();
  void advance_or_fail() noexcept;
  void fail(std::exception_ptr problem) noexcept;
  CudaEvent take_event();

  NcclComm& comm_;
  c10::Device device_;
  cudaStream_t stream_;

  // Guards all members below, and `comm_` against an abort during a call.
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Operation> operations_;
  // Of the first operation, from when the GPU has entered it.
  std::unique_ptr<Deadline> deadline_;
  std::vector<CudaEvent> spare_events_;
  std::exception_ptr failure_;
  std::atomic<bool> failed_ = false;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace scgan::distributed
