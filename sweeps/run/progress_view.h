// What the user sees while a sweep runs: a live view on a terminal, one line a minute in a file.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace scgan::sweeps {

struct GroupProgress {
  bool working = false;
  bool scoring = false;
  std::string run;  // "scgan 40 % seed 2"
  int ranks = 1;
  int64_t step = 0, total_steps = 0;
  double g_loss = 0, d_loss = 0;
  double steps_per_second = 0;
};

struct SweepProgress {
  std::string name;
  int done = 0, failed = 0, running = 0, waiting = 0;
  int64_t steps_left = 0;  // of all runs not done
  // Mean time that this job took to score a run at its end; nullopt if none has been scored yet.
  std::optional<double> scoring_seconds;
  std::vector<GroupProgress> groups;
};

// Pure: the lines of the live view, without control codes.
std::vector<std::string> live_lines(const SweepProgress& progress, double elapsed_seconds);
// Pure: the one line for a log file.
std::string log_line(const SweepProgress& progress, double elapsed_seconds);
// "1 h 05 min", "3 min 20 s", "12 s"; "unknown" for a negative number.
std::string duration_text(double seconds);

class ProgressView {
 public:
  // Writes to the terminal of stderr or, under mpirun, where stderr is a pipe, to the terminal of
  // mpirun. Without a terminal, writes log lines.
  explicit ProgressView(bool quiet);
  ~ProgressView();
  ProgressView(const ProgressView&) = delete;
  ProgressView& operator=(const ProgressView&) = delete;

  // Call often; draws when due.
  void update(const SweepProgress& progress);
  // Prints a line that stays, above the live view.
  void print(const std::string& line);

 private:
  void erase_live_lines();
  void put(const std::string& text) const;

  bool quiet_;
  int terminal_ = -1;  // descriptor, or -1: no terminal
  bool owns_terminal_ = false;
  size_t lines_shown_ = 0;
  std::chrono::steady_clock::time_point start_, last_;
  bool drawn_ = false;
};

}  // namespace scgan::sweeps
