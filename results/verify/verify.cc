#include "results/verify/verify.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <optional>
#include <utility>

#include "core/base/error.h"
#include "core/base/parallel_for.h"
#include "results/store/result_store.h"
#include "results/store/shard_plan.h"
#include "results/store/stored_spec.h"
#include "results/verify/file_check.h"
#include "results/verify/plan_check.h"
#include "results/verify/run_check.h"
#include "results/verify/score_check.h"
#include "results/verify/store_content.h"

namespace scgan::results {
namespace {

using Path = std::filesystem::path;

void append(Sentences& all, Sentences more) { std::ranges::move(more, std::back_inserter(all)); }

// What one piece of work found; the pieces are done in any order and added up in theirs.
struct Finding {
  size_t files = 0, unkept_files = 0, scores = 0;
  std::map<std::string, size_t> other_scores = {};
  Sentences problems = {}, notes = {};
};
struct Work {
  // Of what is checked; begins the sentence if the work fails.
  std::string name;
  std::function<Finding()> check;
};

// Whether a folder's name looks like the id of a run.
bool is_run_id(const std::string& name) {
  return name.size() == 16 && name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// The names of the folders below runs, sorted.
std::vector<std::string> run_folders(const Path& folder) {
  std::vector<std::string> names;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "runs", failed)) {
    names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

Finding checkpoints_of(const Path& folder, const std::string& run_id, const std::string& name) {
  CheckpointCheck check = check_checkpoints(folder, run_id, name);
  return {.files = check.files, .problems = std::move(check.problems)};
}

void add_run(const Path& folder, const StoredRun& run, const StoreContent& content,
             std::vector<Work>& work) {
  const std::string name = run_name(run.plan);
  const auto add = [&](std::function<Finding()> check) {
    work.push_back({name, std::move(check)});
  };
  const std::vector<Metric>& training = content.training.at(run.plan.id);
  add([&] {
    RunCheck check = check_run(run, recover_spec(run.plan.spec), training, content.sweep.version);
    return Finding{.problems = std::move(check.problems), .notes = std::move(check.notes)};
  });
  add([&folder, &run, name] { return checkpoints_of(folder, run.plan.id, name); });
  if (run.state != RunState::kDone) return;
  for (const Artifact& artifact : run.artifacts) {
    add([&] {
      if (!artifact.kept && !std::filesystem::exists(folder / artifact.path))
        return Finding{.unkept_files = 1};
      return Finding{.files = 1, .problems = check_artifact(folder, run, artifact)};
    });
  }
  add([&] {
    ScoreCheck check = check_scores(folder, run, recover_spec(run.plan.spec).spec);
    if (!training.empty()) check.other_scores["scores during training"] = training.size();
    return Finding{.scores = check.scores,
                   .other_scores = std::move(check.other_scores),
                   .problems = std::move(check.problems)};
  });
}

// Folders of runs that the plan does not have.
void add_other_folders(const Path& folder, const StoreContent& content, std::vector<Work>& work) {
  for (const std::string& id : run_folders(folder)) {
    // It has the ids of all runs of the plan.
    if (content.training.contains(id) || !is_run_id(id)) continue;
    const std::string name = fmt::format("run {} (earlier plan)", id);
    work.push_back({name, [&folder, id, name, is_known = content.unplanned.contains(id)] {
                      if (is_known) return checkpoints_of(folder, id, name);
                      return Finding{.problems = {fmt::format(
                                         "runs/{}: results.db has no run of this id", id)}};
                    }});
  }
}

Finding run_all(const std::vector<Work>& work) {
  std::vector<Finding> findings(work.size());
  parallel_for(work.size(), [&](size_t i) {
    try {
      findings[i] = work[i].check();
    } catch (const std::exception& failure) {  // a folder that cannot be read, no memory
      findings[i].problems = {
          fmt::format("{}: cannot be checked: {}", work[i].name, failure.what())};
    }
  });
  Finding total;
  for (Finding& finding : findings) {
    total.files += finding.files;
    total.unkept_files += finding.unkept_files;
    total.scores += finding.scores;
    for (const auto& [name, count] : finding.other_scores) total.other_scores[name] += count;
    append(total.problems, std::move(finding.problems));
    append(total.notes, std::move(finding.notes));
  }
  return total;
}

void check_content(const Path& folder, const StoreContent& content, Verification& verification) {
  std::vector<std::string> ids;
  std::vector<Work> work;
  for (const StoredRun& run : content.runs) {
    ++verification.runs[run.state];
    ids.push_back(run.plan.id);
    add_run(folder, run, content, work);
  }
  add_other_folders(folder, content, work);
  verification.plan_digest = plan_digest(ids);
  verification.unplanned_runs = content.unplanned.size();
  Finding total = run_all(work);
  verification.files = total.files;
  verification.unkept_files = total.unkept_files;
  verification.scores = total.scores;
  verification.other_scores = std::move(total.other_scores);
  append(verification.problems, std::move(total.problems));
  append(verification.notes, std::move(total.notes));
}

std::string counted(size_t count, const char* one, const char* many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

// Of a folder with results.db.
Verification verify_store(const Path& folder) {
  const Path store = folder / "results.db";
  Verification verification;
  StoreContent content;
  try {
    append(verification.problems, check_database(store));
    content = read_content(store);
  } catch (const Error& problem) {
    verification.problems.emplace_back(problem.what());
    return verification;
  }
  append(verification.problems, check_plan(folder, content));
  check_content(folder, content, verification);
  const auto running = verification.runs.find(RunState::kRunning);
  verification.running[folder] = running == verification.runs.end() ? 0 : running->second;
  return verification;
}

void add_shard(Verification& all, Verification shard, const std::string& name) {
  for (const auto& [state, count] : shard.runs) all.runs[state] += count;
  all.running.merge(shard.running);
  for (const auto& [score, count] : shard.other_scores) all.other_scores[score] += count;
  all.unplanned_runs += shard.unplanned_runs;
  all.files += shard.files;
  all.unkept_files += shard.unkept_files;
  all.scores += shard.scores;
  for (const std::string& text : shard.problems) all.problems.push_back(name + ": " + text);
  for (const std::string& text : shard.notes) all.notes.push_back(name + ": " + text);
}

// The runs of shards without a store are to do.
Verification verify_shards(const Path& out, const std::vector<Path>& folders) {
  Verification all;
  std::optional<ShardPlan> plan;
  try {
    append(all.problems, shard_problems(out));
    for (size_t i = 0; i < folders.size() && !plan; ++i) plan = read_shard_plan(folders[i]);
  } catch (const Error& problem) {
    all.problems.emplace_back(problem.what());
  }
  for (const Path& folder : folders) {
    add_shard(all, verify_store(folder), "shard " + folder.filename().string());
  }
  if (!plan) return all;
  std::vector<std::string> ids;
  for (size_t i = 0; i < plan->runs.size(); ++i) {
    ids.push_back(plan->runs[i].id);
    const Path folder = shard_folder(out, plan->shards[i], plan->count);
    if (std::ranges::find(folders, folder) == folders.end()) ++all.runs[RunState::kPlanned];
  }
  all.plan_digest = plan_digest(ids);
  return all;
}

}  // namespace

Verification verify(const Path& folder) {
  const std::vector<Path> folders = store_folders(folder);
  return folders.front() == folder ? verify_store(folder) : verify_shards(folder, folders);
}

std::string summary_line(const Verification& verification) {
  const auto count = [&](RunState state) {
    const auto found = verification.runs.find(state);
    return found == verification.runs.end() ? size_t{0} : found->second;
  };
  size_t runs = 0;
  for (const auto& [state, number] : verification.runs) runs += number;
  return fmt::format(
      "verified: {} of {} done, {} failed, {} running, {} to do; plan digest {}; {}, {} "
      "recomputed; {}",
      count(RunState::kDone), counted(runs, "run", "runs"), count(RunState::kFailed),
      count(RunState::kRunning), count(RunState::kPlanned),
      verification.plan_digest.empty() ? "unknown" : verification.plan_digest,
      counted(verification.files, "file", "files"), counted(verification.scores, "score", "scores"),
      counted(verification.problems.size(), "problem", "problems"));
}

std::string to_text(const Verification& verification) {
  std::string text;
  for (const std::string& problem : verification.problems) text += problem + "\n";
  for (const std::string& note : verification.notes) text += "note: " + note + "\n";
  if (verification.unplanned_runs > 0) {
    text += fmt::format("not checked: {} of earlier plans\n",
                        counted(verification.unplanned_runs, "run", "runs"));
  }
  const bool kept_all = verification.unkept_files == 0;
  if (!kept_all) {
    text += fmt::format("not checked: {} that {} not kept (run.keep)\n",
                        counted(verification.unkept_files, "file", "files"),
                        verification.unkept_files == 1 ? "was" : "were");
  }
  std::vector<std::string> others;
  for (const auto& [name, count] : verification.other_scores) {
    others.push_back(fmt::format("{} {}", count, name));
  }
  if (!others.empty()) {
    text += fmt::format("not recomputed, since they need the images{}: {}\n",
                        kept_all ? "" : " or features that were not kept", fmt::join(others, ", "));
  }
  return text + summary_line(verification) + "\n";
}

}  // namespace scgan::results
