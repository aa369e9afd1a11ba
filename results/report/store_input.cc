#include "results/report/store_input.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "results/report/merged_runs.h"
#include "results/store/result_store.h"
#include "results/store/shard_plan.h"

namespace scgan::results {
namespace {

// As sentences.
std::vector<std::string> sentences(std::vector<std::string> problems) {
  for (std::string& problem : problems) {
    if (problem.starts_with("run ")) problem.front() = 'R';
    if (problem.starts_with("shard ")) problem.front() = 'S';
    problem += '.';
  }
  return problems;
}

// The plan of the whole sweep that the first shard with one has.
std::optional<ShardPlan> plan_of(const std::vector<std::filesystem::path>& shards) {
  for (const std::filesystem::path& shard : shards) {
    if (auto plan = read_shard_plan(shard)) return plan;
  }
  return std::nullopt;
}

}  // namespace

ReportInput read_store(const std::filesystem::path& folder) {
  const ResultStore store = ResultStore::open_read_only(folder / "results.db");
  return {.folder = folder.string(),
          .sweep = store.sweep(),
          .runs = store.runs(),
          .data_notes = store.data_notes()};
}

ReportInput read_shards(const std::filesystem::path& folder) {
  const std::vector<std::filesystem::path> shards = store_folders(folder);
  std::vector<ReportInput> parts;
  for (const std::filesystem::path& shard : shards) parts.push_back(read_store(shard));
  MergedRuns merged = merge_runs(parts);

  ReportInput all{.folder = folder.string(),
                  .sweep = parts.front().sweep,
                  .runs = {},
                  .shard_problems = sentences(shard_problems(folder))};
  std::ranges::move(merged.conflicts, std::back_inserter(all.shard_problems));
  std::map<std::string, const StoredRun*> stored;
  for (size_t i = 0; i < merged.runs.size(); ++i) {
    const std::string& id = merged.runs[i]->plan.id;
    stored.emplace(id, merged.runs[i]);
    all.shard_of_run.emplace(id, merged.sources[i]->folder);
  }
  std::set<std::string> added;
  if (auto plan = plan_of(shards)) {
    for (PlannedRun& run : plan->runs) {
      added.insert(run.id);
      const auto found = stored.find(run.id);
      if (found != stored.end()) {
        all.runs.push_back(*found->second);
      } else {
        all.runs.emplace_back().plan = std::move(run);
      }
    }
  }
  for (const StoredRun* run : merged.runs) {
    if (added.insert(run->plan.id).second) all.runs.push_back(*run);
  }
  for (const ReportInput& part : parts) {
    all.shards.push_back(part.folder);
    for (const DataNote& note : part.data_notes) {
      if (std::ranges::find(all.data_notes, note) == all.data_notes.end()) {
        all.data_notes.push_back(note);
      }
    }
  }
  return all;
}

}  // namespace scgan::results
