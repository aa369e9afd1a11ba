// Runs a program as a child process and reports its output and its end. For single-threaded tests.
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
  // The program, looked up in this process's PATH, and its arguments.
  std::vector<std::string> words;
  // Added to this process's environment.
  std::map<std::string, std::string> environment;
  // Working directory.
  std::filesystem::path folder = ".";
};

struct Ended {
  int exit_code = -1;  // 128 + signal if a signal ended it, as in a shell
  bool timed_out = false;
  double seconds = 0;
  std::string out, err;

  // Everything, for messages of failed expectations.
  std::string text() const;
};

class Subprocess {
 public:
  using Seconds = std::chrono::duration<double>;

  // Starts the program. Throws std::system_error on failure.
  explicit Subprocess(const Command& command);
  // Kills the program if it is still running.
  ~Subprocess();
  Subprocess(const Subprocess&) = delete;
  Subprocess& operator=(const Subprocess&) = delete;

  pid_t pid() const { return pid_; }
  bool running();
  void signal(int number) const;
  // Whether it has installed a handler for the signal.
  bool catches(int number) const;
  // Its own child processes that are still running, sorted by id.
  std::vector<pid_t> children() const;
  // Its output so far.
  std::string out() const;
  std::string err() const;

  // Waits until it ends; kills it at the limit. Later calls return the first result.
  const Ended& wait(Seconds limit);

 private:
  class Files;
  std::unique_ptr<Files> files_;
  pid_t pid_ = -1;
  bool reaped_ = false;
  std::chrono::steady_clock::time_point start_;
  Ended ended_;
};

// Starts the program and waits for its end.
Ended run(const Command& command, Subprocess::Seconds limit = std::chrono::minutes(3));

// Polls until `condition` holds. Returns false if it does not within `limit`.
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
