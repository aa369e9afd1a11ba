// How long a rank waits in a collective operation, and which one it waits in: for the thread that
// reports a stuck rank.
#pragma once

#include <chrono>
#include <functional>
#include <source_location>

namespace scgan::distributed {

// The longest a rank waits in one operation: SCGAN_TIMEOUT_SECONDS (a positive number; tests set it
// low), else half an hour.
double timeout_seconds();

// While it lives, this rank waits in `operation` (a literal). Several may exist, in any threads.
class PendingWait {
 public:
  explicit PendingWait(const char* operation);
  ~PendingWait();
  PendingWait(const PendingWait&) = delete;
  PendingWait& operator=(const PendingWait&) = delete;

  // An operation that this rank waits in, or nullptr. From any thread.
  static const char* operation();

 private:
  const char* operation_;
};

// The wait for one operation, polled by its caller. Time in which this process did not run (a
// suspended job) does not count.
class Deadline {
 public:
  struct Limits {
    double timeout_seconds = 0;
    std::function<void()> throw_if_aborted;  // called every 20 ms; what it throws ends the wait
  };

  // `rank` of `size` waits in `operation` of `library`; both are literals.
  Deadline(const char* operation, const char* library, int rank, int size, Limits limits);

  // To be called at every poll, at least once per second. Throws Error(kCommunication) after the
  // timeout.
  void check(std::source_location where = std::source_location::current());

  double waited_seconds() const { return waited_.count(); }

 private:
  using Clock = std::chrono::steady_clock;
  using Seconds = std::chrono::duration<double>;

  const char* operation_;
  const char* library_;
  int rank_, size_;
  Limits limits_;
  PendingWait pending_;
  Clock::time_point last_ = Clock::now();
  Seconds waited_{0}, checked_{0};
};

}  // namespace scgan::distributed
