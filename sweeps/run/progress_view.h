// What the user sees while a sweep runs: a live view that fits the terminal, or one line a minute
// in a file.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "sweeps/run/live_lines.h"

namespace scgan::sweeps {

class ProgressView {
 public:
  // Writes to the terminal of stderr or, under mpirun, where stderr is a pipe, to the terminal of
  // mpirun. Without a terminal, writes log lines.
  explicit ProgressView(bool quiet);
  ~ProgressView();
  ProgressView(const ProgressView&) = delete;
  ProgressView& operator=(const ProgressView&) = delete;

  bool is_due() const;
  void update(SweepProgress progress);
  // Removes the live view until the next update(), so that others may write to the terminal.
  void clear();
  // Prints a line that stays, above the live view.
  void print(const std::string& line);

 private:
  // Control codes that erase the lines shown; they are forgotten.
  std::string erased();
  void put(const std::string& text) const;

  bool quiet_;
  int terminal_ = -1;  // descriptor, or -1: no terminal
  bool owns_terminal_ = false;
  std::vector<std::string> shown_;
  std::chrono::steady_clock::time_point start_, last_;
  bool drawn_ = false;
};

}  // namespace scgan::sweeps
