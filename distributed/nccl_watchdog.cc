#include "distributed/nccl_watchdog.h"

#include <chrono>
#include <utility>

namespace scgan::distributed {
namespace {

constexpr auto kWatchInterval = std::chrono::milliseconds(20);
constexpr auto kSettleInterval = std::chrono::microseconds(50);

bool is_reached(const CudaEvent& event) {
  const cudaError_t status = cudaEventQuery(event.get());
  if (status == cudaErrorNotReady) {
    cudaGetLastError();  // otherwise LibTorch takes it for an error of its next kernel
    return false;
  }
  check_cuda(status, "cudaEventQuery");
  return true;
}

}  // namespace

NcclWatchdog::NcclWatchdog(NcclComm& comm, c10::Device device, cudaStream_t stream)
    : comm_(comm), device_(device), stream_(stream), thread_([this] { watch(); }) {}

void NcclWatchdog::stop() {
  if (!thread_.joinable()) return;
  {
    const std::scoped_lock lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void NcclWatchdog::watch() {
  cudaSetDevice(device_.index());
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    wake_.wait(lock, [&] { return is_stopping_ || (!operations_.empty() && !failure_); });
    wake_.wait_for(lock, kWatchInterval, [&] { return is_stopping_; });
    advance_or_fail();
  }
}

void NcclWatchdog::enqueue(const char* operation, const std::function<ncclResult_t()>& call) {
  std::unique_lock lock(mutex_);
  if (failure_) std::rethrow_exception(failure_);
  Operation made{operation, take_event(), take_event(), false};
  const cudaEvent_t begun = made.begun.get();
  const cudaEvent_t ended = made.ended.get();
  lock.unlock();
  // CUDA may block in these calls while the queue of the GPU is full, so they are made without the
  // mutex.
  check_cuda(cudaEventRecord(begun, stream_), "cudaEventRecord");
  lock.lock();
  if (failure_) std::rethrow_exception(failure_);
  operations_.push_back(std::move(made));
  wake_.notify_all();
  try {
    comm_.wait_until_enqueued(call(), operation);
  } catch (...) {
    fail(std::current_exception());
    throw;
  }
  lock.unlock();
  check_cuda(cudaEventRecord(ended, stream_), "cudaEventRecord");
  lock.lock();
  if (!failure_) operations_.back().is_queued = true;
}

void NcclWatchdog::confirm() {
  const std::scoped_lock lock(mutex_);
  advance_or_fail();
  if (failure_) std::rethrow_exception(failure_);
}

void NcclWatchdog::settle() {
  for (;;) {
    confirm();
    {
      const std::scoped_lock lock(mutex_);
      if (operations_.empty()) return;
    }
    std::this_thread::sleep_for(kSettleInterval);
  }
}

void NcclWatchdog::advance() {
  while (!operations_.empty() && operations_.front().is_queued &&
         is_reached(operations_.front().ended)) {
    deadline_.reset();
    spare_events_.push_back(std::move(operations_.front().begun));
    spare_events_.push_back(std::move(operations_.front().ended));
    operations_.pop_front();
  }
  if (operations_.empty()) return;
  const Operation& first = operations_.front();
  comm_.check(first.name);
  if (deadline_ == nullptr && is_reached(first.begun)) deadline_ = comm_.deadline(first.name);
  if (deadline_ != nullptr) deadline_->check();
}

void NcclWatchdog::advance_or_fail() noexcept {
  if (failure_) return;
  try {
    advance();
  } catch (...) {
    fail(std::current_exception());
  }
}

void NcclWatchdog::fail(std::exception_ptr problem) noexcept {
  failure_ = std::move(problem);
  failed_ = true;
  deadline_.reset();
  comm_.abort();
}

CudaEvent NcclWatchdog::take_event() {
  if (spare_events_.empty()) return new_event();
  CudaEvent event = std::move(spare_events_.back());
  spare_events_.pop_back();
  return event;
}

}  // namespace scgan::distributed
