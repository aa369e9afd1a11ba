#include "sweeps/run/existing_results.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "core/base/error.h"
#include "results/store/result_store.h"
#include "results/store/retry_rule.h"
#include "results/store/stored_spec.h"
#include "sweeps/run/spec_changes.h"

namespace scgan::sweeps {
namespace {

using results::KeyValues;
using results::RunState;
using results::StoredRun;

std::string runs_text(size_t count) {
  return fmt::format("{} {}", count, count == 1 ? "run" : "runs");
}

// "10 finished runs", or "4 runs, of which 2 are finished,".
std::string dropped_count(const std::vector<StoredRun>& dropped) {
  const auto done = static_cast<size_t>(
      std::ranges::count(dropped, RunState::kDone, [](const StoredRun& run) { return run.state; }));
  if (done == dropped.size()) {
    return fmt::format("{} finished {}", done, done == 1 ? "run" : "runs");
  }
  return fmt::format("{} ({} finished)", runs_text(dropped.size()), done);
}

// Runs with equal labels stand for each other in the plans before and after a change.
auto labels_of(const results::PlannedRun& run) {
  return std::tie(run.variant, run.percentage, run.seed, run.axes);
}

// "train.epochs was 2 and is 3": the keys whose values differ.
std::vector<std::string> change_texts(const results::PlannedRun& before,
                                      const results::PlannedRun& after) {
  std::vector<std::string> texts;
  const auto compare = [&](const KeyValues& was, const KeyValues& is) {
    for (const KeyChange& change : changes(was, is)) {
      std::string text = fmt::format("{} was {} and is {}", change.path, change.was, change.is);
      if (std::ranges::find(texts, text) == texts.end()) texts.push_back(std::move(text));
    }
  };
  if (before.data_digest != after.data_digest) texts.emplace_back("the images have changed");
  const auto was = results::read_stored_spec(before.spec);
  const auto is = results::read_stored_spec(after.spec);
  compare(was.settings, is.settings);
  compare(was.reference, is.reference);
  return texts;
}

std::string shortened(std::vector<std::string> texts) {
  constexpr size_t kMost = 4;
  const size_t left_out = texts.size() - std::min(texts.size(), kMost);
  texts.resize(texts.size() - left_out);
  std::string text = fmt::format("{}", fmt::join(texts, ", "));
  if (left_out > 0) text += fmt::format(" and {} more", left_out);
  return text;
}

}  // namespace

ExistingResults existing_results(const JobPlan& plan) {
  ExistingResults existing;
  std::map<std::string, size_t> index_of;
  for (const JobRun& run : plan.runs) {
    index_of.emplace(run.record.id, existing.runs.size());
    existing.runs.emplace_back().plan = run.record;
  }
  const auto file = plan.out / "results.db";
  if (!results::ResultStore::exists(file)) return existing;
  const auto store = results::ResultStore::open_read_only(file);
  existing.sweep = store.sweep().name;
  for (StoredRun& stored : store.all_runs()) {
    const auto found = index_of.find(stored.plan.id);
    if (found != index_of.end()) existing.runs[found->second] = std::move(stored);
  }
  for (StoredRun& stored : store.runs()) {
    if (!index_of.contains(stored.plan.id)) existing.dropped.push_back(std::move(stored));
  }
  return existing;
}

std::vector<StoredRun> stored_runs(const JobPlan& plan) {
  const auto file = plan.out / "results.db";
  if (!results::ResultStore::exists(file)) return {};
  return results::ResultStore::open_read_only(file).all_runs();
}

void require_same_sweep(const ExistingResults& existing, const JobPlan& plan, bool replace) {
  if (replace || existing.dropped.empty() || existing.sweep == plan.name) return;
  throw Error(
      ErrorKind::kInvalidSpec,
      fmt::format(
          "{}: belongs to the sweep \"{}\" with {} that the plan of \"{}\" does not have. Choose "
          "another folder with --out; or use --replace-sweep to use this one: the reports "
          "then no longer show those runs, whose results stay in results.db",
          plan.out.string(), existing.sweep, dropped_count(existing.dropped), plan.name));
}

std::string dropped_text(const ExistingResults& existing, const JobPlan& plan) {
  if (existing.dropped.empty()) return "";
  std::string text = fmt::format(
      "{}: this plan does not have {} of earlier jobs: the reports no longer show them; their "
      "results stay in results.db, and a plan that has them again shows them again",
      plan.out.string(), dropped_count(existing.dropped));
  std::map<decltype(labels_of(plan.runs.front().record)), std::vector<const JobRun*>> runs;
  for (const JobRun& run : plan.runs) runs[labels_of(run.record)].push_back(&run);
  for (const StoredRun& before : existing.dropped) {
    const auto same = runs.find(labels_of(before.plan));
    if (same == runs.end()) continue;
    for (const JobRun* run : same->second) {
      const auto differences = change_texts(before.plan, run->record);
      if (differences.empty()) continue;
      return text + fmt::format(". {} {:g} % seed {}: {}", before.plan.variant,
                                before.plan.percentage, before.plan.seed, shortened(differences));
    }
  }
  return text;
}

bool is_failed(const results::StoredRun& run) {
  return run.state == RunState::kFailed ||
         (run.state == RunState::kPlanned && results::is_exhausted(run.ended_attempts));
}

std::string failure_text(const results::StoredRun& run) {
  return fmt::format("failed after {} {}, {}: {}", run.attempts,
                     run.attempts == 1 ? "attempt" : "attempts",
                     run.last_exit ? results::to_string(*run.last_exit) : "unknown", run.reason);
}

std::string missing_file(const JobPlan& plan, const StoredRun& run) {
  if (run.state != RunState::kDone) return "";
  for (const results::Artifact& artifact : run.artifacts) {
    if (!artifact.kept) continue;
    std::error_code unknown;
    const auto status = std::filesystem::status(plan.out / artifact.path, unknown);
    if (status.type() == std::filesystem::file_type::not_found) return artifact.path;
  }
  return "";
}

std::vector<std::string> runs_with_missing_files(const JobPlan& plan,
                                                 const std::vector<StoredRun>& runs) {
  std::vector<std::string> ids;
  for (const StoredRun& run : runs) {
    if (!missing_file(plan, run).empty()) ids.push_back(run.plan.id);
  }
  return ids;
}

std::vector<std::string> runs_without_folder(const JobPlan& plan,
                                             const std::vector<StoredRun>& runs) {
  std::set<std::string> folders;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(plan.out / "runs", none)) {
    folders.insert(entry.path().filename().string());
  }
  std::vector<std::string> ids;
  for (const StoredRun& run : runs) {
    const bool has_files = run.state == RunState::kDone &&
                           std::ranges::any_of(run.artifacts, &results::Artifact::kept);
    if (has_files && !folders.contains(run.plan.id)) ids.push_back(run.plan.id);
  }
  return ids;
}

}  // namespace scgan::sweeps
