// Losses, learning rates and scores of runs as event files for TensorBoard.
#pragma once

#include <filesystem>
#include <vector>

#include "results/report/report_input.h"

namespace scgan::results {

// Writes FOLDER/<run>/events.out.tfevents.scgan for every run that has trained a step and returns
// the paths. <run> is "<variant and axes> <percentage> % seed <seed> <id>". Losses and learning
// rates are those of each step in the run's log.jsonl; without that file, the losses are the
// thinned ones of the store. Scores come from the store: all those of the trained generators,
// during training and at the end. Times are those of times.jsonl, counted from the starts of the
// attempts in the store; without that file there are none. Throws Error(kStorage) if a file cannot
// be read or written.
std::vector<std::filesystem::path> write_tensorboard(const std::vector<ReportInput>& inputs,
                                                     const std::filesystem::path& folder);

}  // namespace scgan::results
