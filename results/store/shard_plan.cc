#include "results/store/shard_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <tuple>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "results/store/result_store.h"

namespace scgan::results {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr const char* kShards = "shards";
constexpr const char* kPlanFile = "shard.json";
constexpr const char* kStoreFile = "results.db";

// nullopt if the name is not that of a shard's folder.
std::optional<ShardFolder> shard_of_name(const fs::path& folder) {
  const std::string name = folder.filename().string();
  ShardFolder shard{.index = 0, .count = 0, .folder = folder};
  const char* end = name.data() + name.size();
  const auto index = std::from_chars(name.data(), end, shard.index);
  constexpr std::string_view kOf = "-of-";
  if (index.ec != std::errc() || !std::string_view(index.ptr).starts_with(kOf)) return std::nullopt;
  const auto count = std::from_chars(index.ptr + kOf.size(), end, shard.count);
  if (count.ec != std::errc() || count.ptr != end) return std::nullopt;
  if (shard.index < 1 || shard.index > shard.count) return std::nullopt;
  return shard;
}

bool has_store(const fs::path& folder) {
  std::error_code unknown;
  return fs::is_regular_file(folder / kStoreFile, unknown);
}

Json to_json(const PlannedRun& run, int shard) {
  return {{"shard", shard},
          {"id", run.id},
          {"variant", run.variant},
          {"percentage", run.percentage},
          {"seed", run.seed},
          {"axes", run.axes},
          {"dataset", run.dataset},
          {"data_digest", run.data_digest},
          {"images_a", run.images_a},
          {"images_b", run.images_b},
          {"total_steps", run.total_steps},
          {"spec", Json::parse(run.spec)}};
}

PlannedRun run_from_json(const Json& json) {
  PlannedRun run;
  json.at("id").get_to(run.id);
  json.at("variant").get_to(run.variant);
  json.at("percentage").get_to(run.percentage);
  json.at("seed").get_to(run.seed);
  json.at("axes").get_to(run.axes);
  json.at("dataset").get_to(run.dataset);
  json.at("data_digest").get_to(run.data_digest);
  json.at("images_a").get_to(run.images_a);
  json.at("images_b").get_to(run.images_b);
  json.at("total_steps").get_to(run.total_steps);
  run.spec = json.at("spec").dump();
  return run;
}

std::string named_shard(const ShardFolder& shard) {
  return fmt::format("{} ({})", shard_name(shard.index, shard.count), shard.folder.string());
}

// Ids of the runs that the store of a shard plans, in its order.
std::vector<std::string> stored_ids(const fs::path& folder) {
  std::vector<std::string> ids;
  for (StoredRun& run : ResultStore::open_read_only(folder / kStoreFile).runs()) {
    ids.push_back(std::move(run.plan.id));
  }
  return ids;
}

// Of a shard with a store: its plan against that of the first shard and against its store.
std::string plan_problem(const ShardFolder& shard, const ShardPlan& plan, const ShardPlan& first,
                         const std::vector<std::string>& stored) {
  if (plan.index != shard.index || plan.count != shard.count) {
    return fmt::format("{}: its shard.json is of {}", named_shard(shard),
                       shard_name(plan.index, plan.count));
  }
  if (!plan.is_same_plan(first)) {
    return fmt::format(
        "{} has another plan (sweep \"{}\", {} runs) than {} (sweep \"{}\", {} runs); start all "
        "shards with the same sweep file, data and --set",
        named_shard(shard), plan.sweep, plan.runs.size(), shard_name(first.index, first.count),
        first.sweep, first.runs.size());
  }
  std::vector<std::string> planned;
  for (size_t i = 0; i < plan.runs.size(); ++i) {
    if (plan.shards[i] == shard.index) planned.push_back(plan.runs[i].id);
  }
  if (planned == stored) return "";
  return fmt::format(
      "{}: its results.db has other runs than shard.json gives to it; start this shard again",
      named_shard(shard));
}

}  // namespace

bool ShardPlan::is_same_plan(const ShardPlan& other) const {
  const auto id = [](const PlannedRun& run) { return std::string_view(run.id); };
  return sweep == other.sweep && count == other.count && shards == other.shards &&
         std::ranges::equal(runs, other.runs, {}, id, id);
}

fs::path shard_folder(const fs::path& out, int index, int count) {
  return out / kShards / fmt::format("{}-of-{}", index, count);
}

std::string shard_name(int index, int count) { return fmt::format("shard {} of {}", index, count); }

void write_shard_plan(const ShardPlan& plan, const fs::path& folder) {
  auto runs = Json::array();
  for (size_t i = 0; i < plan.runs.size(); ++i) {
    runs.push_back(to_json(plan.runs[i], plan.shards[i]));
  }
  const Json all{
      {"sweep", plan.sweep}, {"index", plan.index}, {"count", plan.count}, {"runs", runs}};
  write_file_atomically(folder / kPlanFile, all.dump(1) + "\n");
}

std::optional<ShardPlan> read_shard_plan(const fs::path& folder) {
  const fs::path file = folder / kPlanFile;
  std::error_code unknown;
  if (!fs::is_regular_file(file, unknown)) return std::nullopt;
  ShardPlan plan;
  try {
    const Json all = Json::parse(read_file(file));
    all.at("sweep").get_to(plan.sweep);
    all.at("index").get_to(plan.index);
    all.at("count").get_to(plan.count);
    for (const Json& run : all.at("runs")) {
      plan.runs.push_back(run_from_json(run));
      plan.shards.push_back(run.at("shard").get<int>());
    }
  } catch (const Json::exception& problem) {
    throw Error(ErrorKind::kStorage, fmt::format("{}: is not the plan of a shard ({}); starting "
                                                 "this shard again writes it again",
                                                 file.string(), problem.what()));
  }
  return plan;
}

std::vector<ShardFolder> shard_folders(const fs::path& out) {
  std::vector<ShardFolder> shards;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(out / kShards, failed)) {
    if (auto shard = shard_of_name(entry.path())) shards.push_back(std::move(*shard));
  }
  std::ranges::sort(shards, {}, [](const ShardFolder& shard) {
    return std::tuple(shard.count, shard.index, shard.folder);
  });
  return shards;
}

std::vector<fs::path> store_folders(const fs::path& out) {
  const std::vector<ShardFolder> shards = shard_folders(out);
  std::vector<fs::path> folders;
  if (has_store(out)) folders.push_back(out);
  for (const ShardFolder& shard : shards) {
    if (has_store(shard.folder)) folders.push_back(shard.folder);
  }
  if (folders.empty()) {
    throw Error(ErrorKind::kInvalidSpec,
                fmt::format("{}: has no results.db; expected the --out folder of scgan_sweep",
                            out.string()));
  }
  if (!shards.empty() && (has_store(out) || shards.front().count != shards.back().count)) {
    throw Error(
        ErrorKind::kInvalidSpec,
        fmt::format("{}: has {} and {}, which are different divisions of a sweep; name the "
                    "folders to report on, or move those away that do not belong to it",
                    out.string(), has_store(out) ? "results.db" : named_shard(shards.front()),
                    named_shard(shards.back())));
  }
  return folders;
}

std::vector<std::string> shard_problems(const fs::path& out) {
  const std::vector<ShardFolder> folders = shard_folders(out);
  std::vector<std::string> problems;
  if (folders.empty()) return problems;
  std::optional<ShardPlan> first;
  std::map<std::string, int> shard_of;  // run id -> the first shard whose store plans it
  const int count = folders.front().count;
  std::vector<bool> has_one(static_cast<size_t>(count), false);
  for (const ShardFolder& shard : folders) {
    if (!has_store(shard.folder)) continue;
    has_one[static_cast<size_t>(shard.index - 1)] = true;
    const std::vector<std::string> ids = stored_ids(shard.folder);
    for (const std::string& id : ids) {
      const auto [known, is_new] = shard_of.emplace(id, shard.index);
      if (is_new) continue;
      problems.push_back(fmt::format("run {} is in the plans of both shard {} and shard {}", id,
                                     known->second, shard.index));
    }
    const auto plan = read_shard_plan(shard.folder);
    if (!plan) {
      problems.push_back(named_shard(shard) + " has no shard.json; start this shard again");
      continue;
    }
    if (!first) first = plan;
    std::string problem = plan_problem(shard, *plan, *first, ids);
    if (!problem.empty()) problems.push_back(std::move(problem));
  }
  for (int index = 1; index <= count; ++index) {
    if (has_one[static_cast<size_t>(index - 1)]) continue;
    const std::string name = shard_name(index, count) + " has no store";
    if (!first) {
      problems.push_back(name);
      continue;
    }
    problems.push_back(fmt::format("{}: {} of {} runs are not started", name,
                                   std::ranges::count(first->shards, index), first->runs.size()));
  }
  return problems;
}

}  // namespace scgan::results
