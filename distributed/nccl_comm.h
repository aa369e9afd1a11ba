// An owned NCCL communicator. It never blocks inside NCCL: calls return at once and are polled with
// a deadline, so that a lost rank becomes an error that names the operation, not a hang.
#pragma once

#include <cuda_runtime_api.h>
#include <nccl.h>

#include <functional>
#include <source_location>
#include <string>

#include "core/base/unique_handle.h"

namespace scgan::distributed {

struct NcclCommTraits {
  using Handle = ncclComm_t;
  static Handle null() noexcept { return nullptr; }
  // Aborts: ends what runs on the GPU and frees the communicator, at most after some seconds.
  static void close(Handle comm) noexcept;
};

// May be used from one thread at a time. A communicator that is not closed is aborted by its
// destructor; NCCL asks that the other ranks of the host abort theirs too.
class NcclComm {
 public:
  // One rank of `size` on the current device. Collective: all ranks pass the same id, made once by
  // ncclGetUniqueId. `timeout_seconds`: the longest a rank waits for one operation. `listen` is
  // called now and then while it waits, and ends the wait by what it throws. Throws
  // Error(kCommunication), Error(kOutOfMemory) when NCCL had no memory on this rank.
  NcclComm(
      const ncclUniqueId& id, int rank, int size, double timeout_seconds,
      std::function<void()> listen = [] {});

  ncclComm_t get() const { return comm_.get(); }

  // Waits until NCCL has taken over the call that gave `status`, i.e. queued its work; only then
  // may the next call be made. Throws Error(kCommunication) naming the operation and the rank.
  void wait_until_enqueued(ncclResult_t status, const char* operation,
                           std::source_location where = std::source_location::current());

  // Waits until the GPU has come to `done`, an event behind the work of `operation`; throws as
  // wait_until_enqueued().
  void wait(cudaEvent_t done, const char* operation,
            std::source_location where = std::source_location::current());

  // Ends at once what runs on the GPU; false: that takes more than some seconds. Does nothing the
  // second time. Nothing else may be called afterwards.
  bool abort() noexcept;

  // Ends the communicator when all its work is done. Collective: all ranks come here together.
  // Nothing may be called afterwards.
  void close();

 private:
  [[noreturn]] void fail(ncclResult_t status, const char* operation, std::source_location where);

  UniqueHandle<NcclCommTraits> comm_;
  int rank_;
  int size_;
  double timeout_seconds_;
  std::function<void()> listen_;
};

// "2.28.9".
std::string nccl_runtime_version();

}  // namespace scgan::distributed
