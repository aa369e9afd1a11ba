// OutputLock: one job per output folder, on any file system with an atomic link(), including NFS.
//
// locks/<n>.lock names its holder and contains a counter that the holder increments every few
// seconds. The file with the highest n is the lock. A job that finds it free, or its holder dead,
// links file n + 1; if several jobs try, one succeeds. Files are only added above the highest one,
// so no job can take a lock that another job has just taken over.
//
// A holder is dead when its process does not exist (same host), or when its counter has not changed
// for a while (other hosts; measured with the observer's monotonic clock, since clocks differ and
// jump). A holder that still has its flock is never considered dead.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "core/base/descriptor.h"
#include "sweeps/run/lock_holder.h"

namespace scgan::sweeps {

struct LockTiming {
  double beat_seconds = 2;       // between two increments of the counter
  double patience_seconds = 30;  // after so long without an increment, the holder is dead
};

// The job that holds a folder, or was the last to hold it.
struct FolderJob {
  LockHolder holder;
  // It freed the folder when it ended.
  bool is_free = false;
  // Of another host's job without flock: it has given a sign of life within the patience.
  bool is_running = false;
  double seconds_since_sign = 0;
};

// Writes nothing and does not wait. nullopt if no job has held the folder, or the lock cannot be
// read.
std::optional<FolderJob> job_of_folder(const std::filesystem::path& folder, LockTiming timing = {});

class OutputLock {
 public:
  // Throws Error(kInvalidSpec), which names the holder and the time since when it holds the folder,
  // or Error(kStorage) if the folder is not writable. A thread calls `on_lost` with an error text
  // when another job has taken over the lock (this job was suspended for too long): this job must
  // not write any more.
  explicit OutputLock(
      const std::filesystem::path& folder,
      std::function<void(const std::string&)> on_lost = [](const std::string&) {},
      const LockHolder& self = this_process(), LockTiming timing = {});
  // Frees the folder. A process that ends without it leaves a lock whose holder is dead.
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
