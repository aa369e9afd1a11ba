// log.jsonl of a run: one JSON object per step with every loss term, weighted as it is summed, and
// the random draws that a batch shares: part_a and part_b are the top left cell [y, x], in the
// 16 x 16 map, of the window that decoder_part of netD_A and netD_B reconstructs ([0, 0], [0, 8],
// [8, 0], [8, 8] are the quadrants).
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <vector>

#include "core/train/trainer.h"
#include "results/store/records.h"

namespace scgan::sweeps {

class RunLog {
 public:
  // Opens the file for appending, after removing the lines of steps after `first_step`, which an
  // interrupted attempt left. Throws Error(kStorage).
  RunLog(const std::filesystem::path& file, int64_t first_step);

  void add(const StepReport& report);
  // Writes to the disk. Called before each checkpoint, so that no step is missing after a resume.
  void flush();

 private:
  std::filesystem::path file_;
  std::ofstream stream_;
};

// The loss terms of the logged steps for which `is_wanted` returns true.
std::vector<results::LossPoint> logged_losses(const std::filesystem::path& file,
                                              const std::function<bool(int64_t)>& is_wanted);

}  // namespace scgan::sweeps
