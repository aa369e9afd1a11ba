// Streams and events of the stand-in GPU. A thread per stream runs the queued tasks in order, while
// the caller continues. Only events order two streams.
#pragma once

#include <cuda_runtime_api.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "tests/support/stand_in_gpu/capture.h"

namespace scgan::stand_in {

// A point in the work of a stream. Once signalled, it stays so.
class Fence {
 public:
  void signal();
  bool signalled() const;
  void wait() const;
  std::chrono::steady_clock::time_point when() const;  // of the signal

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool signalled_ = false;
  std::chrono::steady_clock::time_point when_;
};

// The stream of a handle; nullptr: the default stream of the calling thread's device.
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
  // Under capture, the task becomes a node of the graph, which runs it any number of times.
  void queue(std::function<void()> task);
  std::shared_ptr<scgan::stand_in::Fence> fence();  // after all queued tasks
  void drain() { fence()->wait(); }
  bool idle();
  // Nothing may be queued afterwards; the stream frees itself after its last task.
  void close();

 private:
  ~CUstream_st();
  void work();
  std::function<void()> next();  // nullptr at the end of a closed stream

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
  // nullptr if never recorded, or recorded in a capture
  std::shared_ptr<scgan::stand_in::Fence> last();
  std::shared_ptr<scgan::stand_in::CapturePoint> captured();  // nullptr unless in a capture

 private:
  std::mutex mutex_;
  std::shared_ptr<scgan::stand_in::Fence> last_;
  std::shared_ptr<scgan::stand_in::CapturePoint> captured_;
};
