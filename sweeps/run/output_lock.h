// One job per output folder, on any file system that has atomic link(), NFS included.
//
// locks/<n>.lock names its holder and carries a counter that the holder moves every few seconds;
// the file of the highest n counts. Who finds it free, or its holder gone, links n + 1 into place:
// of several, one succeeds. Files are only ever added above the highest one, so nobody can take
// away a lock that somebody else has just taken over.
//
// A holder is gone when its process is not there any more (same host), or when its counter has not
// moved for a while (other hosts; measured on the observer's own monotonic clock, since clocks
// differ and jump). A holder that still has its flock is never taken for gone.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "core/base/descriptor.h"
#include "sweeps/run/lock_holder.h"

namespace scgan::sweeps {

struct LockTiming {
  double beat_seconds = 2;       // between two moves of the counter
  double patience_seconds = 30;  // a counter that stands still for so long has no holder
};

class OutputLock {
 public:
  // Throws Error(kInvalidSpec) naming who holds the folder and since when; Error(kStorage) when it
  // cannot be written. `on_lost` is called from a thread, with a sentence, when the lock is found
  // taken over by another job (this one was stopped for too long): nothing may be written any more.
  explicit OutputLock(
      const std::filesystem::path& folder,
      std::function<void(const std::string&)> on_lost = [](const std::string&) {},
      const LockHolder& self = this_process(), LockTiming timing = {});
  // Frees the folder. A process that ends in another way leaves a file that is known as stale.
  ~OutputLock();
  OutputLock(const OutputLock&) = delete;
  OutputLock& operator=(const OutputLock&) = delete;

 private:
  std::filesystem::path file(int64_t number) const;
  bool try_take(int64_t number, const LockHolder& self);
  void beat();

  std::filesystem::path folder_, locks_;
  LockTiming timing_;
  std::function<void(const std::string&)> on_lost_;
  int64_t number_ = 0;
  int64_t beats_ = 0;
  Descriptor file_;
  off_t beats_offset_ = 0;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ending_ = false;
  std::thread heart_;
};

}  // namespace scgan::sweeps
