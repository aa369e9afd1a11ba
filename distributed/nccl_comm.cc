#include "distributed/nccl_comm.h"

#include <fmt/format.h>
#include <sched.h>

#include <chrono>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "core/base/device_fault.h"
#include "core/base/error.h"
#include "core/base/log.h"

namespace scgan::distributed {
namespace {

constexpr auto kAbortTimeout = std::chrono::seconds(2);
constexpr auto kAbortNoticeTimeout = std::chrono::milliseconds(500);

// Yields at first, while the end is near, then sleeps.
void pause(const Deadline& deadline) {
  if (deadline.waited_seconds() < 0.001) {
    sched_yield();
  } else {
    std::this_thread::sleep_for(std::chrono::microseconds(20));
  }
}

// ncclInProgress while NCCL has not yet enqueued a call.
ncclResult_t state_of(ncclComm_t comm) {
  ncclResult_t state = ncclSuccess;
  const ncclResult_t status = ncclCommGetAsyncError(comm, &state);
  return status == ncclSuccess ? state : status;
}

// Returns false if the abort has not ended in time. NCCL may wait for the other ranks of this host,
// which may be gone, so a thread of its own calls it. Once it has begun, nothing may touch the
// communicator.
bool abort_with_timeout(ncclComm_t comm) noexcept {
  try {
    std::promise<void> aborted;
    const std::future<void> end = aborted.get_future();
    std::thread([comm, aborted = std::move(aborted)]() mutable {
      ncclCommAbort(comm);
      aborted.set_value();
    }).detach();
    if (end.wait_for(kAbortTimeout) == std::future_status::ready) return true;
    log::warn("NCCL has not aborted a communicator after {} s", kAbortTimeout.count());
  } catch (const std::exception& problem) {  // no thread could be started
    log::warn("an NCCL communicator was not aborted: {}", problem.what());
  }
  return false;
}

}  // namespace

void NcclCommTraits::close(Handle comm) noexcept { abort_with_timeout(comm); }

bool NcclComm::abort() noexcept {
  const ncclComm_t comm = comm_.release();
  return comm == nullptr || abort_with_timeout(comm);
}

NcclComm::NcclComm(const ncclUniqueId& id, int rank, int size, double timeout_seconds,
                   std::function<void()> throw_if_aborted)
    : rank_(rank),
      size_(size),
      timeout_seconds_(timeout_seconds),
      throw_if_aborted_(std::move(throw_if_aborted)) {
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  ncclComm_t comm = nullptr;
  const ncclResult_t status = ncclCommInitRankConfig(&comm, size, id, rank, &config);
  comm_.reset(comm);
  wait_until_enqueued(status, "the start of a communicator");
}

std::unique_ptr<Deadline> NcclComm::deadline(const char* operation) const {
  return std::make_unique<Deadline>(operation, "NCCL", rank_, size_,
                                    Deadline::Limits{timeout_seconds_, throw_if_aborted_});
}

void NcclComm::fail(ncclResult_t status, const char* operation, std::source_location where) {
  using Clock = std::chrono::steady_clock;
  const std::string detail = ncclGetLastError(comm_.get());
  const bool out_of_memory = device_fault_in(detail) == DeviceFault::kOutOfMemory;
  // A rank that aborts sends its reason first, but NCCL's error may arrive before that message. The
  // reason says more.
  for (const auto end = Clock::now() + kAbortNoticeTimeout; !out_of_memory && Clock::now() < end;) {
    throw_if_aborted_();
    std::this_thread::sleep_for(kAbortNoticeTimeout / 50);
  }
  throw Error(out_of_memory ? ErrorKind::kOutOfMemory : ErrorKind::kCommunication,
              fmt::format("{} failed in NCCL on rank {} of {}: {}{}{}", operation, rank_, size_,
                          ncclGetErrorString(status), detail.empty() ? "" : "; ", detail),
              where);
}

void NcclComm::wait_until_enqueued(ncclResult_t status, const char* operation,
                                   std::source_location where) {
  if (status != ncclSuccess && status != ncclInProgress) fail(status, operation, where);
  const std::unique_ptr<Deadline> limit = deadline(operation);
  // Asked even after ncclSuccess: a call can leave work that only the communicator knows of.
  ncclResult_t state = state_of(comm_.get());
  for (; state == ncclInProgress; state = state_of(comm_.get())) {
    limit->check(where);
    pause(*limit);
  }
  if (state != ncclSuccess) fail(state, operation, where);
}

void NcclComm::check(const char* operation, std::source_location where) {
  throw_if_aborted_();
  const ncclResult_t state = state_of(comm_.get());
  if (state != ncclSuccess && state != ncclInProgress) fail(state, operation, where);
}

void NcclComm::close() {
  const char* operation = "the end of a communicator";
  wait_until_enqueued(ncclCommFinalize(comm_.get()), operation);
  const ncclResult_t status = ncclCommDestroy(comm_.release());
  if (status != ncclSuccess && status != ncclInProgress) {
    fail(status, operation, std::source_location::current());
  }
}

}  // namespace scgan::distributed
