// Workers: the CPU threads of a rank that compute independent parts of a training step at the same
// time.
#pragma once

#include <ATen/ThreadLocalState.h>

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace scgan {

class Workers {
 public:
  // `threads`: at least 1, with the one that calls run().
  explicit Workers(int threads);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Calls work(0), ..., work(count - 1) and waits for all of them: as many at a time as there are
  // threads when each operation of LibTorch uses `inner` of them. Equal calls use the same thread
  // for the same index. The parts have the grad mode of the caller; none may write what another one
  // uses. Throws the error of one part if any failed.
  void run(int64_t count, int inner, const std::function<void(int64_t)>& work);

  // How many parts run() computes at a time.
  int at_once(int inner) const;

 private:
  // What run() was called with.
  struct Call {
    int64_t count = 0;
    int inner = 1, lanes = 1;
    const std::function<void(int64_t)>* work = nullptr;
    at::ThreadLocalState state;
  };

  void serve(int lane);
  static void compute(const Call& call, int lane);

  int threads_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Call call_;
  int64_t calls_ = 0;  // made so far
  int computing_ = 0;  // threads that have not ended their part of the last call
  bool stop_ = false;
  std::exception_ptr error_;
  std::vector<std::thread> others_;
};

}  // namespace scgan
