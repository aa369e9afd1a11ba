// A program as its own process: arguments, environment, what it writes, how it ends. For
// single-threaded tests.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace scgan {

struct Command {
  std::vector<std::string> words;  // the program first, looked up in this process's PATH
  std::map<std::string, std::string> environment;  // on top of this process's
  std::filesystem::path folder = ".";              // to start in
};

struct Ended {
  int exit_code = -1;  // 128 + signal when a signal ended it, as shells say
  bool timed_out = false;
  double seconds = 0;
  std::string out, err;

  // For messages of failed expectations.
  std::string text() const;
};

class Subprocess {
 public:
  using Seconds = std::chrono::duration<double>;

  // Starts at once. Throws std::system_error when it cannot.
  explicit Subprocess(const Command& command);
  // Ends it, if need be.
  ~Subprocess();
  Subprocess(const Subprocess&) = delete;
  Subprocess& operator=(const Subprocess&) = delete;

  pid_t pid() const { return pid_; }
  bool running();
  void signal(int number) const;
  // Whether it has a handler of its own for the signal.
  bool catches(int number) const;
  // Processes that it started itself and that still live, in the order of their ids.
  std::vector<pid_t> children() const;
  // What it has written so far.
  std::string out() const;
  std::string err() const;

  // Waits for its end; at the limit it is killed. The result of the first call is kept.
  const Ended& wait(Seconds limit);

 private:
  class Files;
  std::unique_ptr<Files> files_;
  pid_t pid_ = -1;
  bool reaped_ = false;
  std::chrono::steady_clock::time_point start_;
  Ended ended_;
};

// Start and wait in one.
Ended run(const Command& command, Subprocess::Seconds limit = std::chrono::minutes(3));

// Asks again and again until `condition` holds; false when it still does not after `limit`.
template <typename Condition>
bool wait_until(Condition condition, Subprocess::Seconds limit = std::chrono::minutes(2)) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

}  // namespace scgan
