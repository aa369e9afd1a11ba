// What a report is made from: the content of a store.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "results/store/records.h"

namespace scgan::results {

struct ReportInput {
  // As given; for messages.
  std::string folder;
  SweepRecord sweep;
  std::vector<StoredRun> runs;
  // What was noticed in the data sets of the runs.
  std::vector<DataNote> data_notes = {};
  // The summary line of --verify for this folder; empty if it was not verified.
  std::string verification = {};
  // Only of a folder with shards: the folders of those that have a store, and for each run in them
  // the folder with its row and its files.
  std::vector<std::string> shards = {};
  std::unordered_map<std::string, std::string> shard_of_run = {};
  // What is wrong with the shards, one sentence each.
  std::vector<std::string> shard_problems = {};
};

// The folder with the store and the files of one of the input's runs.
inline const std::string& folder_of(const ReportInput& input, const StoredRun& run) {
  const auto shard = input.shard_of_run.find(run.plan.id);
  return shard == input.shard_of_run.end() ? input.folder : shard->second;
}

}  // namespace scgan::results
