#include "tests/support/stand_in_gpu/stream.h"

#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace scgan::stand_in {
namespace {

// Never destroyed: threads of streams outlive main().
struct Streams {
  std::mutex mutex;
  std::set<CUstream_st*> alive;
  std::map<int, CUstream_st*> default_of;  // by device
};

Streams& streams() {
  static auto& all = *new Streams;
  return all;
}

// SCGAN_STAND_IN_LAG_US: delays one task in sixteen, at random, by this many microseconds, so that
// code that does not wait for it reads too early.
void lag_at_random() {
  static const char* text = std::getenv("SCGAN_STAND_IN_LAG_US");
  static const std::chrono::microseconds time(text == nullptr ? 0 : std::stoi(text));
  if (time.count() == 0) return;
  thread_local std::minstd_rand draws(
      static_cast<unsigned>(std::hash<std::thread::id>{}(std::this_thread::get_id())));
  if (draws() % 16 == 0) std::this_thread::sleep_for(time);
}

}  // namespace

void Fence::signal() {
  const std::scoped_lock lock(mutex_);
  signalled_ = true;
  when_ = std::chrono::steady_clock::now();
  changed_.notify_all();
}

bool Fence::signalled() const {
  const std::scoped_lock lock(mutex_);
  return signalled_;
}

void Fence::wait() const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return signalled_; });
}

std::chrono::steady_clock::time_point Fence::when() const {
  const std::scoped_lock lock(mutex_);
  return when_;
}

int& current_device() {
  thread_local int device = 0;
  return device;
}

CUstream_st& stream_of(cudaStream_t handle) {
  if (handle != nullptr) return *handle;
  const int device = current_device();
  {
    const std::scoped_lock lock(streams().mutex);
    const auto found = streams().default_of.find(device);
    if (found != streams().default_of.end()) return *found->second;
  }
  auto* made = new CUstream_st(device);
  const std::scoped_lock lock(streams().mutex);
  const auto [found, is_new] = streams().default_of.emplace(device, made);
  if (!is_new) made->close();
  return *found->second;
}

void drain_device() {
  std::vector<std::shared_ptr<Fence>> ends;
  {
    const std::scoped_lock lock(streams().mutex);
    for (CUstream_st* stream : streams().alive) {
      if (stream->device() == current_device() && !is_under_capture(*stream)) {
        ends.push_back(stream->fence());
      }
    }
  }
  for (const auto& end : ends) end->wait();
}

}  // namespace scgan::stand_in

using scgan::stand_in::Fence;
using scgan::stand_in::streams;

CUstream_st::CUstream_st(int device) : device_(device) {
  const std::scoped_lock lock(streams().mutex);
  streams().alive.insert(this);
}

CUstream_st::~CUstream_st() = default;

void CUstream_st::queue(std::function<void()> task) {
  if (scgan::stand_in::capture_task(*this, task)) return;
  const std::scoped_lock lock(mutex_);
  tasks_.push_back(std::move(task));
  // Starts the thread with the first task: LibTorch creates dozens of streams and uses few.
  if (!std::exchange(started_, true)) std::thread([this] { work(); }).detach();
  changed_.notify_all();
}

std::shared_ptr<Fence> CUstream_st::fence() {
  auto end = std::make_shared<Fence>();
  queue([end] { end->signal(); });
  return end;
}

bool CUstream_st::idle() {
  const std::scoped_lock lock(mutex_);
  return tasks_.empty() && !busy_;
}

void CUstream_st::close() {
  queue([this] {
    const std::scoped_lock lock(streams().mutex);
    streams().alive.erase(this);  // drain_device() queues nothing from now on
    closed_ = true;
  });
}

std::function<void()> CUstream_st::next() {
  std::unique_lock lock(mutex_);
  busy_ = false;
  changed_.wait(lock, [&] { return !tasks_.empty() || closed_; });
  if (tasks_.empty()) return nullptr;
  std::function<void()> task = std::move(tasks_.front());
  tasks_.pop_front();
  busy_ = true;
  return task;
}

void CUstream_st::work() {
  scgan::stand_in::current_device() = device_;
  while (const std::function<void()> task = next()) {
    scgan::stand_in::lag_at_random();
    task();
  }
  delete this;
}

void CUevent_st::record(CUstream_st& stream) {
  auto captured = scgan::stand_in::capture_point(stream);
  auto point = captured == nullptr ? stream.fence() : nullptr;
  const std::scoped_lock lock(mutex_);
  last_ = std::move(point);
  captured_ = std::move(captured);
}

std::shared_ptr<scgan::stand_in::CapturePoint> CUevent_st::captured() {
  const std::scoped_lock lock(mutex_);
  return captured_;
}

std::shared_ptr<Fence> CUevent_st::last() {
  const std::scoped_lock lock(mutex_);
  return last_;
}
