// What the store says, read at one moment, and whether the file is a sound database.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "results/store/records.h"
#include "results/verify/run_problems.h"

namespace scgan::results {

struct StoreContent {
  SweepRecord sweep = {};
  // Of the current plan.
  std::vector<StoredRun> runs = {};
  // Ids of the runs of earlier plans.
  std::set<std::string> unplanned = {};
  // Scores during training, by run id.
  std::map<std::string, std::vector<Metric>> training = {};
};

StoreContent read_content(const std::filesystem::path& store);

// PRAGMA integrity_check and foreign_key_check, and whether the plan's positions have gaps.
Sentences check_database(const std::filesystem::path& store);

}  // namespace scgan::results
