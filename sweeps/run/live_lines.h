// The progress of a sweep as lines of text, for a terminal of any size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "results/store/records.h"

namespace scgan::sweeps {

struct GroupProgress {
  bool working = false;
  bool scoring = false;
  std::string run;  // "scgan 40 % seed 2"
  int ranks = 1;
  int64_t step = 0, total_steps = 0;
  double g_loss = 0, d_loss = 0;
  // Of the attempt so far, thinned.
  std::vector<double> g_curve, d_curve;
  double steps_per_second = 0;  // 0: not known yet
  int64_t images_per_step = 0;  // of both domains
};

struct SweepProgress {
  std::string name;
  int done = 0, failed = 0, running = 0, waiting = 0;
  int ranks = 0, free_ranks = 0;
  std::optional<double> elapsed_seconds;  // of the job
  // Time in which all ranks train what is not done; nullopt while no speed is known.
  std::optional<double> training_seconds;
  // Mean time that this job took to score a run at its end; nullopt if none has been scored yet.
  std::optional<double> scoring_seconds;
  std::vector<GroupProgress> groups;
};

struct Window {
  size_t columns = 80, rows = 24;
};

// The default if the descriptor is not a terminal.
Window window_of(int descriptor);

// The lines of the live view, without control codes. None is wider than the window, and there
// are fewer than its rows: of more groups than that, those that end last are shown, the others
// counted. `ascii`: see sparkline().
std::vector<std::string> live_lines(const SweepProgress& progress, const Window& window,
                                    bool ascii = false);
// The one line for a log file.
std::string log_line(const SweepProgress& progress);

// "scgan 40 % seed 2".
std::string label_of(const results::PlannedRun& run);

// The columns that a UTF-8 text without wide characters fills.
size_t columns_of(const std::string& text);

}  // namespace scgan::sweeps
