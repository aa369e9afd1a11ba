#include "sweeps/run/dry_run.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>

#include "core/base/duration_text.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/train/checkpoint.h"
#include "sweeps/plan/schedule.h"
#include "sweeps/run/existing_results.h"
#include "sweeps/run/job_needs.h"
#include "sweeps/run/run_speed.h"
#include "sweeps/run/shard_job.h"

namespace scgan::sweeps {
namespace {

namespace fs = std::filesystem;
using results::RunState;
using results::StoredRun;

constexpr int64_t kMostListed = 50;  // runs, unless --list is given
constexpr double kMeasureSeconds = 20;

std::string runs_text(int64_t count) {
  return fmt::format("{} run{}", count, count == 1 ? "" : "s");
}

// "4.7 GB", "320 MB".
std::string bytes_text(int64_t bytes) {
  const auto amount = static_cast<double>(bytes);
  if (amount >= 10e9) return fmt::format("{:.0f} GB", amount / 1e9);
  if (amount >= 1e9) return fmt::format("{:.1f} GB", amount / 1e9);
  return fmt::format("{:.0f} MB", std::max(1.0, amount / 1e6));
}

int64_t folder_bytes(const fs::path& folder) {
  int64_t sum = 0;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder, failed)) {
    const auto size = entry.file_size(failed);
    if (!failed) sum += static_cast<int64_t>(size);
  }
  return sum;
}

// Of the nearest existing folder; 0 if unknown.
int64_t free_bytes_at(fs::path folder) {
  std::error_code failed;
  folder = fs::absolute(folder);
  while (!fs::exists(folder, failed) && folder.has_parent_path()) folder = folder.parent_path();
  const fs::space_info space = fs::space(folder, failed);
  return failed ? 0 : static_cast<int64_t>(space.available);
}

std::optional<int64_t> checkpoint_step(const JobPlan& plan, const std::string& id) {
  return CheckpointFolder(plan.out / "runs" / id, id).newest_step();
}

// The most ranks that can share the run.
int most_ranks(const RunSpec& spec, int ranks) {
  int most = 1;
  for (const int size : sizes_for(spec)) {
    if (size <= ranks) most = std::max(most, size);
  }
  return most;
}

// The mean time of a rank for a step, by speed_key(), from the plan's runs in the store. Speeds
// that count scoring are preferred.
std::map<std::string, RunSpeed> known_speeds(const JobPlan& plan) {
  struct Mean {
    double sum = 0;
    int count = 0;
    bool counts_scoring = false;
  };
  std::map<std::string, Mean> means;
  const auto stored = stored_speeds(plan.out / "results.db");
  if (stored.empty()) return {};
  for (const JobRun& run : plan.runs) {
    const auto speed = stored.find(run.record.id);
    if (speed == stored.end()) continue;
    Mean& mean = means[speed_key(run.spec)];
    if (speed->second.counts_scoring && !mean.counts_scoring) mean = {0, 0, true};
    if (speed->second.counts_scoring != mean.counts_scoring) continue;
    mean.sum += speed->second.seconds_per_step;
    ++mean.count;
  }
  std::map<std::string, RunSpeed> speeds;
  for (const auto& [key, mean] : means) {
    speeds[key] = {mean.sum / mean.count, mean.counts_scoring};
  }
  return speeds;
}

// A run to do.
struct OpenRun {
  const JobRun* run;
  int64_t steps;
};

// Measures the settings of `runs` that are not in `speeds`.
bool measure(const std::vector<OpenRun>& runs, c10::Device device,
             std::map<std::string, RunSpeed>& speeds) {
  std::map<std::string, const RunSpec*> unknown;
  for (const auto& [run, steps] : runs) {
    const std::string key = speed_key(run->spec);
    if (!speeds.contains(key)) unknown.emplace(key, &run->spec);
  }
  for (const auto& [key, spec] : unknown) {
    speeds[key] =
        measured_speed(*spec, device, kMeasureSeconds / static_cast<double>(unknown.size()));
  }
  return !unknown.empty();
}

// The ranks share all work evenly, but a run takes at least its time on all the ranks it can use.
void estimate_time(const std::vector<OpenRun>& runs, const std::map<std::string, RunSpeed>& speeds,
                   int ranks, JobEstimate& estimate) {
  double all = 0, longest = 0;
  for (const auto& [run, steps] : runs) {
    const auto speed = speeds.find(speed_key(run->spec));
    if (speed == speeds.end()) {
      ++estimate.runs_of_unknown_speed;
      continue;
    }
    const double seconds = speed->second.seconds_per_step * static_cast<double>(steps);
    all += seconds;
    longest = std::max(longest, seconds / most_ranks(run->spec, ranks));
    estimate.counts_scoring = estimate.counts_scoring && speed->second.counts_scoring;
  }
  if (estimate.runs_of_unknown_speed < std::ssize(runs)) {
    estimate.seconds = std::max(all / ranks, longest);
  }
}

void estimate_needs(const JobPlan& plan, const std::vector<OpenRun>& runs, int ranks,
                    JobEstimate& estimate) {
  std::map<std::string, NetworkSizes> known;
  int64_t removed = 0;
  for (const auto& [run, steps] : runs) {
    const std::string key = speed_key(run->spec);
    if (!known.contains(key)) known[key] = network_sizes(run->spec);
    const RunNeeds needs = needs_of(*run, known[key]);
    estimate.disk_bytes += needs.kept_bytes - folder_bytes(plan.out / "runs" / run->record.id);
    removed = std::max(removed, needs.removed_bytes);
    estimate.memory_bytes = std::max(estimate.memory_bytes, needs.memory_bytes);
  }
  if (runs.empty()) return;
  estimate.disk_bytes += std::min<int64_t>(ranks, std::ssize(runs)) * removed;
  estimate.disk_bytes += std::max<int64_t>(0, plan.image_bytes - folder_bytes(cache_folder(plan)));
  // What interrupted runs have left may be more than what is to come.
  estimate.disk_bytes = std::max<int64_t>(0, estimate.disk_bytes);
}

std::string state_text(const JobPlan& plan, const StoredRun& known) {
  std::string state = "to do";
  if (known.state == RunState::kDone) state = "done";
  if (!missing_file(plan, known).empty()) state = "done, files missing";
  if (is_failed(known)) state = failure_text(known);
  const auto step = checkpoint_step(plan, known.plan.id);
  if (known.state != RunState::kDone && step) state += fmt::format(" (from step {})", *step);
  return state;
}

void print_runs(const JobPlan& plan, const std::vector<StoredRun>& known) {
  fmt::print("{:<16}  {:<20} {:>6} {:>5}  {:>11} {:>8}  {}\n", "run", "variant", "%", "seed",
             "images A+B", "steps", "state");
  for (size_t i = 0; i < plan.runs.size(); ++i) {
    const auto& record = plan.runs[i].record;
    fmt::print("{:<16}  {:<20} {:>6g} {:>5}  {:>5}+{:<5} {:>8}  {}{}\n", record.id, record.variant,
               record.percentage, record.seed, record.images_a, record.images_b, record.total_steps,
               state_text(plan, known[i]), record.axes == "{}" ? "" : " " + record.axes);
  }
}

// "1 to 4 ranks per run, depending on how many are free".
std::string ranks_text(const JobPlan& plan, int ranks) {
  int most = 1;
  for (const JobRun& run : plan.runs) {
    if (run.spec.run.ranks_per_run != 0) {
      return fmt::format("{} ranks per run", run.spec.run.ranks_per_run);
    }
    most = std::max(most, most_ranks(run.spec, ranks));
  }
  return most == 1 ? "1 rank per run"
                   : fmt::format("1 to {} ranks per run, depending on how many are free", most);
}

std::string counts_text(const JobEstimate& estimate) {
  std::vector<std::string> counts;
  const auto add = [&](int64_t count, const std::string& what) {
    if (count > 0) counts.push_back(fmt::format("{} {}", count, what));
  };
  add(estimate.done, "done");
  add(estimate.failed, "failed");
  add(estimate.started, estimate.started == 1
                            ? fmt::format("at step {}", estimate.furthest_step)
                            : fmt::format("at steps up to {}", estimate.furthest_step));
  add(estimate.to_do, "to do");
  return fmt::format("{}", fmt::join(counts, ", "));
}

std::string time_text(const JobEstimate& estimate, int ranks) {
  const std::string on = fmt::format("on {} rank{}", ranks, ranks == 1 ? "" : "s");
  if (!estimate.seconds) {
    return fmt::format("time {} not known yet (--estimate measures some steps)", on);
  }
  std::string text = fmt::format("about {} {}", duration_text(*estimate.seconds), on);
  if (!estimate.counts_scoring) text += " without scoring";
  if (estimate.runs_of_unknown_speed > 0) {
    text +=
        fmt::format(" and {} of a speed not known yet", runs_text(estimate.runs_of_unknown_speed));
  }
  return text;
}

}  // namespace

JobEstimate estimate(const JobPlan& plan, const std::vector<StoredRun>& known, bool retry_failed,
                     int ranks, std::optional<c10::Device> device) {
  JobEstimate result;
  result.runs = std::ssize(plan.runs);
  std::vector<OpenRun> open;
  for (size_t i = 0; i < plan.runs.size(); ++i) {
    if (known[i].state == RunState::kDone) {
      ++result.done;
    } else if (is_failed(known[i]) && !retry_failed) {
      ++result.failed;
    } else {
      const results::PlannedRun& record = plan.runs[i].record;
      const int64_t step = checkpoint_step(plan, record.id).value_or(0);
      ++(step > 0 ? result.started : result.to_do);
      result.furthest_step = std::max(result.furthest_step, step);
      result.useful_ranks += sizes_for(plan.runs[i].spec).back();
      open.push_back({&plan.runs[i], std::max<int64_t>(0, record.total_steps - step)});
    }
  }
  estimate_needs(plan, open, ranks, result);
  result.free_bytes = free_bytes_at(plan.out / "runs");
  result.host_bytes = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  auto speeds = known_speeds(plan);
  const bool fits = result.memory_bytes < result.host_bytes;
  if (device && fits) result.is_measured = measure(open, *device, speeds);
  estimate_time(open, speeds, ranks, result);
  return result;
}

std::optional<DiskProblem> disk_problem(const JobEstimate& estimate) {
  constexpr double kTooSmall = 1.1, kTight = 0.8;     // parts of the free room
  if (estimate.free_bytes == 0) return std::nullopt;  // unknown
  const double part =
      static_cast<double>(estimate.disk_bytes) / static_cast<double>(estimate.free_bytes);
  if (part <= kTight) return std::nullopt;
  return DiskProblem{
      fmt::format("the output folder needs {} and its file system has {} free; use --out on a "
                  "larger one",
                  bytes_text(estimate.disk_bytes), bytes_text(estimate.free_bytes)),
      part > kTooSmall};
}

void require_disk(const JobPlan& plan, const std::vector<StoredRun>& known, bool retry_failed,
                  int ranks, bool ignored) {
  const auto problem = disk_problem(estimate(plan, known, retry_failed, ranks, std::nullopt));
  if (!problem) return;
  if (problem->is_too_small && !ignored) {
    throw Error(ErrorKind::kInvalidSpec,
                fmt::format("{}: {}, or --ignore-disk to start nevertheless", plan.out.string(),
                            problem->text));
  }
  log::warn("{}: {}", plan.out.string(), problem->text);
}

std::vector<std::string> estimate_lines(const JobEstimate& estimate, int ranks) {
  std::string first = fmt::format("{}: {}", runs_text(estimate.runs), counts_text(estimate));
  if (estimate.started + estimate.to_do == 0) return {first};
  first += fmt::format("; {}; {} of disk ({} free); {} of memory per rank",
                       time_text(estimate, ranks), bytes_text(estimate.disk_bytes),
                       bytes_text(estimate.free_bytes), bytes_text(estimate.memory_bytes));
  std::vector<std::string> lines{first};
  if (estimate.is_measured) {
    lines.emplace_back(
        "time from up to three steps of each setting on one rank; ranks on one host slow each "
        "other");
  }
  if (const auto problem = disk_problem(estimate)) lines.push_back("warning: " + problem->text);
  if (estimate.memory_bytes > estimate.host_bytes) {
    lines.push_back(
        fmt::format("warning: a rank on the CPU needs {} of memory and this host has {}; a smaller "
                    "train.batch_size, train.micro_batch or data.image_size, or run.recompute: "
                    "true need less",
                    bytes_text(estimate.memory_bytes), bytes_text(estimate.host_bytes)));
  }
  return lines;
}

JobEstimate print_dry_run(const SweepOptions& options, const JobPlan& plan,
                          const std::vector<StoredRun>& known, int ranks,
                          std::optional<c10::Device> device) {
  const JobEstimate result = estimate(plan, known, options.retry_failed, ranks, device);
  if (const std::string part = shard_text(plan); !part.empty()) fmt::print("{}\n", part);
  for (const std::string& line : estimate_lines(result, ranks)) fmt::print("{}\n", line);
  fmt::print("{}\n", ranks_text(plan, ranks));
  for (const std::string& line : plan.data_lines) fmt::print("{}\n", line);
  if (result.runs <= kMostListed || options.list) {
    print_runs(plan, known);
  } else {
    fmt::print("--list lists the runs\n");
  }
  return result;
}

}  // namespace scgan::sweeps
