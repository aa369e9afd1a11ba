#include "sweeps/run/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "results/store/result_store.h"
#include "results/store/stored_spec.h"
#include "sweeps/run/spec_changes.h"

namespace scgan::sweeps {
namespace {

using results::PlannedRun;
using results::RunState;
using results::StoredRun;

// "run 0123456789abcdef (scgan 100 % seed 0 {"train.beta1":0.5})".
std::string named_run(const PlannedRun& run) {
  return fmt::format("run {} ({} {:g} % seed {}{})", run.id, run.variant, run.percentage, run.seed,
                     run.axes == "{}" ? "" : " " + run.axes);
}

// The only run of `runs` whose id begins with `id`; null if there is none.
const PlannedRun* find_run(const std::map<std::string, const PlannedRun*>& runs,
                           const std::string& id) {
  const auto first = runs.lower_bound(id);
  if (first == runs.end() || !first->first.starts_with(id)) return nullptr;
  const auto second = std::next(first);
  if (first->first != id && second != runs.end() && second->first.starts_with(id)) {
    throw Error(ErrorKind::kInvalidSpec,
                fmt::format("--explain: the ids of several runs begin with {}: {}, {}", id,
                            first->first, second->first));
  }
  return first->second;
}

struct Similar {
  const PlannedRun* run;
  std::vector<KeyChange> changes;  // from the stored run to the planned one
};

// Of equally similar runs, the first.
std::optional<Similar> most_similar(const PlannedRun& run, const std::vector<const PlannedRun*>& to,
                                    bool is_stored) {
  const results::KeyValues own = identity_of(run.spec);
  std::optional<Similar> best;
  // Of runs that differ only in their seeds, the first and the one with the seed of `run` decide.
  std::set<std::pair<bool, std::string>> seen;
  for (const PlannedRun* other : to) {
    std::string without_seed = other->spec;
    results::cut_number(without_seed, "seed");
    if (!seen.emplace(other->seed == run.seed, std::move(without_seed)).second) continue;
    const results::KeyValues values = identity_of(other->spec);
    auto found = is_stored ? changes(own, values) : changes(values, own);
    if (!best || found.size() < best->changes.size()) best = Similar{other, std::move(found)};
  }
  return best;
}

std::string changes_text(const std::vector<KeyChange>& changes, const char* was, const char* is) {
  std::string text;
  for (const auto& [path, old, now] : changes) {
    text += path == "data.digest" ? "  data.digest: the images differ\n"
                                  : fmt::format("  {}: {} {}, {} {}\n", path, old, was, now, is);
  }
  return text;
}

std::string differences(const Similar& similar, const std::string& where) {
  if (similar.changes.empty()) {
    return fmt::format("{} has the same values, but its id was made by another version\n",
                       named_run(*similar.run));
  }
  return fmt::format(
      "the most similar run of {} is {}, which differs in {}:\n{}", where, named_run(*similar.run),
      similar.changes.size() == 1 ? "1 key" : fmt::format("{} keys", similar.changes.size()),
      changes_text(similar.changes, "in the folder", "in the plan"));
}

// Of a run of the plan that the folder has.
std::string known_text(const JobPlan& plan, const StoredRun& run, bool retry_failed) {
  const std::string name = named_run(run.plan);
  if (const std::string file = missing_file(plan, run); !file.empty()) {
    return fmt::format("{} is done, but {} is missing: it is trained again with --redo-missing\n",
                       name, (plan.out / file).string());
  }
  if (run.state == RunState::kDone) return name + " is done: it is not trained again\n";
  if (is_failed(run)) {
    return fmt::format("{} {}; it is {}\n", name, failure_text(run),
                       retry_failed ? "tried again" : "tried again with --retry-failed");
  }
  return fmt::format(
      "{} is not done, after {} {}: it is trained, from its checkpoint if it has one\n", name,
      run.attempts, run.attempts == 1 ? "attempt" : "attempts");
}

}  // namespace

std::string explain(const JobPlan& plan, const ExistingResults& existing, const std::string& id,
                    bool retry_failed) {
  std::map<std::string, const PlannedRun*> planned, stored;
  std::vector<const PlannedRun*> in_plan, in_folder;
  for (const JobRun& run : plan.runs) {
    planned.emplace(run.record.id, &run.record);
    in_plan.push_back(&run.record);
  }
  const std::vector<StoredRun> all = stored_runs(plan);
  for (const StoredRun& run : all) {
    stored.emplace(run.plan.id, &run.plan);
    in_folder.push_back(&run.plan);
  }
  const std::string folder = plan.out.string();
  if (const PlannedRun* run = find_run(planned, id)) {
    if (stored.contains(run->id)) {
      const auto known = std::ranges::find(existing.runs, run->id,
                                           [](const StoredRun& other) { return other.plan.id; });
      return known_text(plan, *known, retry_failed);
    }
    std::string text =
        fmt::format("{} is trained, since {} has no run of this id\n", named_run(*run), folder);
    const auto similar = most_similar(*run, in_folder, /*is_stored=*/false);
    return similar ? text + differences(*similar, folder) : text + folder + " has no runs\n";
  }
  if (const PlannedRun* run = find_run(stored, id)) {
    std::string text = fmt::format("{} is in {}, but not in the plan: reports no longer show it\n",
                                   named_run(*run), folder);
    const auto similar = most_similar(*run, in_plan, /*is_stored=*/true);
    return similar ? text + differences(*similar, "the plan") : text;
  }
  throw Error(ErrorKind::kInvalidSpec,
              fmt::format("--explain: no run of the plan or of {} has the id {}; --dry-run --list "
                          "lists the ids",
                          folder, id));
}

}  // namespace scgan::sweeps
