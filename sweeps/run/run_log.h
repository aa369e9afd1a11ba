// The files of a run that have one JSON object per step.
//
// log.jsonl has every loss term, weighted as it is summed, and the random draws that a batch
// shares: part_a and part_b are the top left cell [y, x], in the 16 x 16 map, of the window that
// decoder_part of netD_A and netD_B reconstructs ([0, 0], [0, 8], [8, 0], [8, 8] are the
// quadrants). Its bytes depend on the run only.
//
// times.jsonl has the seconds that the run had trained when the step was done: of its first
// attempt, until the checkpoint from which the next one resumed, and so on. The time between
// attempts and steps that were repeated do not count.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "core/train/trainer.h"
#include "results/store/records.h"

namespace scgan::sweeps {

inline constexpr const char* kLossFile = "log.jsonl";
inline constexpr const char* kTimeFile = "times.jsonl";

class RunLog {
 public:
  // Opens both files in the run's folder for appending, after removing the lines of steps after
  // `first_step`, which an interrupted attempt left. The attempt's time counts from here. Throws
  // Error(kStorage).
  RunLog(const std::filesystem::path& folder, int64_t first_step);

  void add(const StepReport& report);
  // Writes to the disk. Called before each checkpoint, so that no step is missing after a resume.
  void flush();

 private:
  using Clock = std::chrono::steady_clock;

  // A file with one line per step.
  class Lines {
   public:
    Lines(std::filesystem::path file, int64_t first_step);
    void add(const std::string& line) { stream_ << line << '\n'; }
    void flush();
    // The last one that was kept when the file was opened; empty if none was.
    const std::string& last_kept() const { return last_kept_; }

   private:
    std::filesystem::path file_;
    std::string last_kept_;
    std::ofstream stream_;
  };

  Lines losses_, times_;
  double seconds_before_;  // of earlier attempts
  Clock::time_point start_;
};

// The loss terms of the steps in the run's log.jsonl for which `is_wanted` returns true.
std::vector<results::LossPoint> logged_losses(const std::filesystem::path& folder,
                                              const std::function<bool(int64_t)>& is_wanted);

}  // namespace scgan::sweeps
