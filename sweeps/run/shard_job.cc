#include "sweeps/run/shard_job.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/log.h"
#include "results/store/result_store.h"

namespace scgan::sweeps {
namespace {

using results::ShardFolder;

[[noreturn]] void refuse(const std::filesystem::path& out, const std::string& reason) {
  throw Error(ErrorKind::kInvalidSpec, fmt::format("{}: {}", out.string(), reason));
}

void check_other_shard(const JobPlan& plan, const ShardFolder& other, bool replace) {
  const auto theirs = results::read_shard_plan(other.folder);
  if (!theirs) return;
  if (theirs->sweep != plan.name && !replace) {
    refuse(other.folder,
           fmt::format("is a shard of the sweep \"{}\", not of \"{}\"; choose another "
                       "folder with --out, or use --replace-sweep",
                       theirs->sweep, plan.name));
  }
  if (!theirs->is_same_plan(plan.shard)) {
    log::warn(
        "{}: has another plan of this sweep, with {} runs instead of {}: start all shards with the "
        "same sweep file, data and --set; runs that change shards are trained again",
        other.folder.string(), theirs->runs.size(), plan.shard.runs.size());
  }
}

}  // namespace

void keep_shard(JobPlan& plan) {
  if (!plan.is_shard()) return;
  results::ShardPlan& shard = plan.shard;
  std::vector<RunCost> costs;
  for (const JobRun& run : plan.runs) {
    costs.push_back({expected_cost(run.spec, run.record.total_steps),
                     run.record.variant + run.record.axes + run.record.dataset});
    shard.runs.push_back(run.record);
  }
  shard.sweep = plan.name;
  shard.shards = shards_of(costs, shard.count);
  double all = 0, mine = 0;
  std::vector<JobRun> kept;
  for (size_t i = 0; i < plan.runs.size(); ++i) {
    all += costs[i].cost;
    if (shard.shards[i] != shard.index) continue;
    mine += costs[i].cost;
    kept.push_back(std::move(plan.runs[i]));
  }
  plan.runs = std::move(kept);
  plan.share_of_work = mine / all;
}

void require_same_division(const JobPlan& plan, bool replace) {
  const auto folders = results::shard_folders(plan.sweep_out);
  if (!plan.is_shard()) {
    if (folders.empty()) return;
    refuse(plan.sweep_out,
           fmt::format("has {} of a sweep; choose another folder with --out, or continue it with "
                       "--shard I/{}",
                       results::shard_name(folders.front().index, folders.front().count),
                       folders.front().count));
  }
  if (results::ResultStore::exists(plan.sweep_out / "results.db")) {
    refuse(plan.sweep_out,
           "has the results of a job without --shard; choose another folder with --out, or "
           "continue it without --shard");
  }
  for (const ShardFolder& other : folders) {
    if (other.count != plan.shard.count) {
      refuse(plan.sweep_out, fmt::format("is divided into {} shards, not {}; choose another folder "
                                         "with --out, or continue it with --shard I/{}",
                                         other.count, plan.shard.count, other.count));
    }
    if (other.index != plan.shard.index) check_other_shard(plan, other, replace);
  }
}

std::string shard_text(const JobPlan& plan) {
  if (!plan.is_shard()) return "";
  return fmt::format("{}: {} of {} runs, {:.0f} % of the expected work",
                     results::shard_name(plan.shard.index, plan.shard.count), plan.runs.size(),
                     plan.shard.runs.size(), 100 * plan.share_of_work);
}

}  // namespace scgan::sweeps
