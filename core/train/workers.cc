#include "core/train/workers.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <utility>

#include "core/model/determinism.h"

namespace scgan {
namespace {

// The number of threads for LibTorch's operations in this thread.
class ScopedThreads {
 public:
  explicit ScopedThreads(int threads) : former_(at::get_num_threads()) { use_threads(threads); }
  ~ScopedThreads() { use_threads(former_); }
  ScopedThreads(const ScopedThreads&) = delete;
  ScopedThreads& operator=(const ScopedThreads&) = delete;

 private:
  int former_;
};

}  // namespace

Workers::Workers(int threads) : threads_(threads) {
  for (int lane = 1; lane < threads; ++lane) others_.emplace_back([this, lane] { serve(lane); });
}

Workers::~Workers() {
  {
    const std::scoped_lock lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  for (std::thread& other : others_) other.join();
}

int Workers::at_once(int inner) const { return std::max(1, threads_ / inner); }

void Workers::run(int64_t count, int inner, const std::function<void(int64_t)>& work) {
  const int lanes = static_cast<int>(std::min<int64_t>(count, at_once(inner)));
  const Call call{count, inner, lanes, &work, {}};
  if (lanes > 1) {
    const std::scoped_lock lock(mutex_);
    call_ = call;
    computing_ = lanes - 1;
    ++calls_;
    changed_.notify_all();
  }
  std::exception_ptr error;
  try {
    compute(call, 0);
  } catch (...) {
    error = std::current_exception();
  }
  if (lanes > 1) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return computing_ == 0; });
    const std::exception_ptr of_others = std::exchange(error_, nullptr);
    if (!error) error = of_others;
  }
  if (error) std::rethrow_exception(error);
}

void Workers::compute(const Call& call, int lane) {
  const ScopedThreads threads(call.inner);
  for (int64_t i = lane; i < call.count; i += call.lanes) (*call.work)(i);
}

void Workers::serve(int lane) {
  int64_t served = 0;
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stop_ || calls_ > served; });
    if (stop_) return;
    served = calls_;
    if (lane >= call_.lanes) continue;
    const Call call = call_;
    lock.unlock();
    std::exception_ptr error;
    try {
      const at::ThreadLocalStateGuard state(call.state);
      compute(call, lane);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    if (error) error_ = error;
    if (--computing_ == 0) changed_.notify_all();
  }
}

}  // namespace scgan
