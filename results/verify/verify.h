// Checks an output folder: whether every planned run is there, every file is the one that its run
// wrote, and every score follows from the kept features.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "results/store/records.h"

namespace scgan::results {

struct Verification {
  // Runs of the current plan by state.
  std::map<RunState, size_t> runs;
  // How many runs are running in each folder with a store: `folder` itself, or its shards.
  std::map<std::filesystem::path, size_t> running;
  std::string plan_digest;
  // Runs of earlier plans, which are in the store and in no report. Not checked.
  size_t unplanned_runs = 0;
  // Whose content was compared with its digest.
  size_t files = 0;
  // That finished runs did not keep (run.keep).
  size_t unkept_files = 0;
  // Scores of finished runs that were computed again from the features.
  size_t scores = 0;
  // The others, which need the images, the networks or features that were not kept:
  // "output_spread", "fid of untranslated images", ... -> how many.
  std::map<std::string, size_t> other_scores;
  // What is wrong, a sentence each that names the run and the file. In the order of the plan.
  std::vector<std::string> problems;
  // What could not be checked, and why.
  std::vector<std::string> notes;
};

// Reads the files on all cores; weights are not loaded as a whole. A sweep may write the folder at
// the same time: its finished runs are checked. If the folder has shards, verify() checks each of
// them, and that none is missing. Throws Error(kInvalidSpec) if the folder has no store.
Verification verify(const std::filesystem::path& folder);

// "verified: 12 of 12 runs done, ...; 0 problems", without a line end.
std::string summary_line(const Verification& verification);

// Problems, notes, the scores that were not computed again, and the summary, a line each.
std::string to_text(const Verification& verification);

}  // namespace scgan::results
