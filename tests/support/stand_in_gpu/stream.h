// Streams and events of the stand-in GPU. What is queued on a stream is done by a thread of its
// own, in order, while the caller goes on; two streams know nothing of each other but by events.
#pragma once

#include <cuda_runtime_api.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace scgan::stand_in {

// A point in the work of a stream, which is reached once and for ever.
class Milestone {
 public:
  void reach();
  bool reached() const;
  void wait() const;
  std::chrono::steady_clock::time_point when() const;  // it was reached

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool reached_ = false;
  std::chrono::steady_clock::time_point when_;
};

// The stream that a handle means on the calling thread's device; nullptr is the default stream.
CUstream_st& stream_of(cudaStream_t handle);

// Waits for all streams of the calling thread's device.
void drain_device();

// The calling thread's device.
int& current_device();

}  // namespace scgan::stand_in

// The types that CUDA's handles point to.
struct CUstream_st {
 public:
  explicit CUstream_st(int device);
  int device() const { return device_; }
  void queue(std::function<void()> task);
  std::shared_ptr<scgan::stand_in::Milestone> milestone();  // behind all that is queued
  void drain() { milestone()->wait(); }
  bool idle();
  // No more will be queued; the stream frees itself behind its work.
  void close();

 private:
  ~CUstream_st();
  void work();
  std::function<void()> next();  // nothing when the stream has come to its end

  int device_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  bool started_ = false;
  bool busy_ = false;
  bool closed_ = false;
};

struct CUevent_st {
 public:
  void record(CUstream_st& stream);
  std::shared_ptr<scgan::stand_in::Milestone> last();  // nullptr: never recorded

 private:
  std::mutex mutex_;
  std::shared_ptr<scgan::stand_in::Milestone> last_;
};
