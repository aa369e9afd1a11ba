#include "distributed/nccl_comm.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
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
#include "distributed/cuda_stream.h"
#include "distributed/waiting.h"

namespace scgan::distributed {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kAbortPatience = std::chrono::seconds(2);
constexpr auto kLastWord = std::chrono::milliseconds(500);

// A wait of rank `rank` of `size` in `operation`, with a deadline.
class Deadline {
 public:
  Deadline(int rank, int size, double timeout_seconds, const char* operation,
           const std::function<void()>& listen)
      : rank_(rank),
        size_(size),
        timeout_seconds_(timeout_seconds),
        operation_(operation),
        listen_(listen),
        waiting_(operation) {}

  // Lets some time pass: hardly any at first, when the end is near. Throws after the deadline.
  void pause(std::source_location where) {
    // Time in which this process did not run either (a suspended job) does not count.
    constexpr Seconds kLongestPause(1);
    constexpr Seconds kListenEvery(0.02);
    const auto now = Clock::now();
    waited_ += std::min<Seconds>(now - last_, kLongestPause);
    last_ = now;
    if (waited_ - listened_ > kListenEvery) {
      listen_();
      listened_ = waited_;
    }
    if (waited_.count() > timeout_seconds_) {
      throw Error(ErrorKind::kCommunication,
                  fmt::format("rank {} of {} waited {:.0f} s in {} (NCCL): another rank of the run "
                              "is lost or stuck",
                              rank_, size_, waited_.count(), operation_),
                  where);
    }
    if (waited_ < Seconds(0.001)) {
      sched_yield();
    } else {
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
  }

 private:
  using Seconds = std::chrono::duration<double>;

  int rank_;
  int size_;
  double timeout_seconds_;
  const char* operation_;
  const std::function<void()>& listen_;
  Waiting waiting_;
  Clock::time_point last_ = Clock::now();
  Seconds waited_{0}, listened_{0};
};

// A communicator that is still taking over a call says so, too.
ncclResult_t state_of(ncclComm_t comm) {
  ncclResult_t state = ncclSuccess;
  const ncclResult_t status = ncclCommGetAsyncError(comm, &state);
  return status == ncclSuccess ? state : status;
}

// Whether it ended in time. NCCL may wait for the other ranks of this host, which may be gone: a
// thread does, and we only for a while. The communicator must not be touched once its end has
// begun.
bool end_now(ncclComm_t comm) noexcept {
  try {
    std::promise<void> aborted;
    const std::future<void> end = aborted.get_future();
    std::thread([comm, aborted = std::move(aborted)]() mutable {
      ncclCommAbort(comm);
      aborted.set_value();
    }).detach();
    if (end.wait_for(kAbortPatience) == std::future_status::ready) return true;
    log::warn("NCCL has not ended a communicator {} s after it was told to abort",
              kAbortPatience.count());
  } catch (const std::exception& problem) {  // no thread to be had
    log::warn("a communicator of NCCL is left as it is: {}", problem.what());
  }
  return false;
}

}  // namespace

void NcclCommTraits::close(Handle comm) noexcept { end_now(comm); }

bool NcclComm::abort() noexcept {
  const ncclComm_t comm = comm_.release();
  return comm == nullptr || end_now(comm);
}

NcclComm::NcclComm(const ncclUniqueId& id, int rank, int size, double timeout_seconds,
                   std::function<void()> listen)
    : rank_(rank), size_(size), timeout_seconds_(timeout_seconds), listen_(std::move(listen)) {
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  ncclComm_t comm = nullptr;
  const ncclResult_t status = ncclCommInitRankConfig(&comm, size, id, rank, &config);
  comm_.reset(comm);
  wait_until_enqueued(status, "the start of a communicator");
}

void NcclComm::fail(ncclResult_t status, const char* operation, std::source_location where) {
  const std::string detail = ncclGetLastError(comm_.get());
  const bool out_of_memory = device_fault_in(detail) == DeviceFault::kOutOfMemory;
  // A rank that gives up says so before its communicator goes; what it says may be slower.
  for (const auto end = Clock::now() + kLastWord; !out_of_memory && Clock::now() < end;) {
    listen_();
    std::this_thread::sleep_for(kLastWord / 50);
  }
  throw Error(out_of_memory ? ErrorKind::kOutOfMemory : ErrorKind::kCommunication,
              fmt::format("{} failed in NCCL on rank {} of {}: {}{}{}", operation, rank_, size_,
                          ncclGetErrorString(status), detail.empty() ? "" : "; ", detail),
              where);
}

void NcclComm::wait_until_enqueued(ncclResult_t status, const char* operation,
                                   std::source_location where) {
  if (status != ncclSuccess && status != ncclInProgress) fail(status, operation, where);
  Deadline patience(rank_, size_, timeout_seconds_, operation, listen_);
  // Asked even after ncclSuccess: a call can have work left that only the communicator knows of.
  ncclResult_t state = state_of(comm_.get());
  for (; state == ncclInProgress; state = state_of(comm_.get())) patience.pause(where);
  if (state != ncclSuccess) fail(state, operation, where);
}

void NcclComm::wait(cudaEvent_t done, const char* operation, std::source_location where) {
  Deadline patience(rank_, size_, timeout_seconds_, operation, listen_);
  for (;;) {
    const cudaError_t status = cudaEventQuery(done);
    if (status == cudaSuccess) return;
    if (status != cudaErrorNotReady) check_cuda(status, operation, where);
    const ncclResult_t state = state_of(comm_.get());
    if (state != ncclSuccess && state != ncclInProgress) fail(state, operation, where);
    patience.pause(where);
  }
}

void NcclComm::close() {
  const char* operation = "the end of a communicator";
  wait_until_enqueued(ncclCommFinalize(comm_.get()), operation);
  const ncclResult_t status = ncclCommDestroy(comm_.release());
  if (status != ncclSuccess && status != ncclInProgress) {
    fail(status, operation, std::source_location::current());
  }
}

std::string nccl_runtime_version() {
  int code = 0;
  if (ncclGetVersion(&code) != ncclSuccess) return "unknown";
  return fmt::format("{}.{}.{}", code / 10000, code / 100 % 100, code % 100);
}

}  // namespace scgan::distributed
