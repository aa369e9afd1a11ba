// The output folder of a sweep that several jobs share: OUT/shards/1-of-3, 2-of-3 and 3-of-3 each
// have a store and runs of their own, like the output folder of one job. shard.json in each has the
// plan of the whole sweep, so that what is missing can be named.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "results/store/records.h"

namespace scgan::results {

struct ShardPlan {
  std::string sweep;         // its name
  int index = 0, count = 0;  // 1 ... count; 0 of 0: not a shard
  // All runs of the sweep in its order, and the shard that each belongs to.
  std::vector<PlannedRun> runs;
  std::vector<int> shards;

  // Whether it is a part of the same division of the same sweep.
  bool is_same_plan(const ShardPlan& other) const;
};

// "OUT/shards/2-of-3".
std::filesystem::path shard_folder(const std::filesystem::path& out, int index, int count);
// "shard 2 of 3".
std::string shard_name(int index, int count);

// Creates or replaces shard.json. Throws Error(kStorage).
void write_shard_plan(const ShardPlan& plan, const std::filesystem::path& folder);
// nullopt without shard.json. Throws Error(kStorage) if it cannot be read.
std::optional<ShardPlan> read_shard_plan(const std::filesystem::path& folder);

struct ShardFolder {
  int index = 0, count = 0;
  std::filesystem::path folder;
};
// Those below OUT/shards whose names say that they are shards, ordered by count and index.
std::vector<ShardFolder> shard_folders(const std::filesystem::path& out);

// The folders below `out` that have a store: `out` itself, or its shards. Throws
// Error(kInvalidSpec) if there is none, or if the folder has shards of different divisions, or a
// store besides shards.
std::vector<std::filesystem::path> store_folders(const std::filesystem::path& out);

// What is wrong with the shards of `out`, a sentence each without a full stop: shards without a
// store or a plan, of another sweep or another plan, and runs that two of them have. Empty if `out`
// has no shards.
std::vector<std::string> shard_problems(const std::filesystem::path& out);

}  // namespace scgan::results
