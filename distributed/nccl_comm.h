// An owned NCCL communicator. It never blocks inside NCCL: calls return at once and are polled with
// a deadline. A lost rank causes an error that names the operation, not a hang.
#pragma once

#include <nccl.h>

#include <functional>
#include <memory>
#include <source_location>

#include "core/base/unique_handle.h"
#include "distributed/deadline.h"

namespace scgan::distributed {

struct NcclCommTraits {
  using Handle = ncclComm_t;
  static Handle null() noexcept { return nullptr; }
  // Aborts: stops its kernels and frees the communicator. Returns after 2 s at most.
  static void close(Handle comm) noexcept;
};

// May be used from one thread at a time. The destructor aborts a communicator that was not closed;
// NCCL requires the other ranks of the host to abort theirs too.
class NcclComm {
 public:
  // One rank of `size` on the current device. Collective: all ranks pass the same id, created once
  // by ncclGetUniqueId. `timeout_seconds`: the longest a rank waits for one operation. A wait calls
  // `throw_if_aborted` every 20 ms and ends with what it throws. Throws Error(kCommunication), or
  // Error(kOutOfMemory) if NCCL could not allocate memory on this rank.
  NcclComm(
      const ncclUniqueId& id, int rank, int size, double timeout_seconds,
      std::function<void()> throw_if_aborted = [] {});

  ncclComm_t get() const { return comm_.get(); }

  // Waits until NCCL has enqueued the work of the call that returned `status`; only then may the
  // next call be made. Throws Error(kCommunication) naming the operation and the rank.
  void wait_until_enqueued(ncclResult_t status, const char* operation,
                           std::source_location where = std::source_location::current());

  // Throws as wait_until_enqueued() does if another rank has aborted or NCCL reports an error.
  // Does not wait.
  void check(const char* operation, std::source_location where = std::source_location::current());

  // The wait for `operation` (a literal), which begins now.
  std::unique_ptr<Deadline> deadline(const char* operation) const;

  // Stops the communicator's kernels. Returns false if that has not ended after 2 s. A second call
  // does nothing; nothing else may be called afterwards.
  bool abort() noexcept;

  // Waits for all work and frees the communicator. Collective. Nothing may be called afterwards.
  void close();

 private:
  [[noreturn]] void fail(ncclResult_t status, const char* operation, std::source_location where);

  UniqueHandle<NcclCommTraits> comm_;
  int rank_;
  int size_;
  double timeout_seconds_;
  std::function<void()> throw_if_aborted_;
};

}  // namespace scgan::distributed
