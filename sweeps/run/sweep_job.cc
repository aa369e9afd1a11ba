#include "sweeps/run/sweep_job.h"

#include <ATen/Version.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/version.h>

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/exit_code.h"
#include "core/base/log.h"
#include "core/base/version.h"
#include "core/image/image_file.h"
#include "core/train/checkpoint.h"
#include "distributed/device.h"
#include "distributed/mailbox.h"
#include "distributed/versions.h"
#include "results/store/result_store.h"
#include "sweeps/plan/schedule.h"
#include "sweeps/run/coordinator.h"
#include "sweeps/run/device_checks.h"
#include "sweeps/run/dry_run.h"
#include "sweeps/run/existing_results.h"
#include "sweeps/run/explain.h"
#include "sweeps/run/failure_class.h"
#include "sweeps/run/heartbeat.h"
#include "sweeps/run/output_lock.h"
#include "sweeps/run/run_executor.h"
#include "sweeps/run/run_files.h"
#include "sweeps/run/run_speed.h"
#include "sweeps/run/shard_job.h"
#include "sweeps/run/slurm_script.h"
#include "sweeps/run/stop_signal.h"

namespace scgan::sweeps {
namespace {

using results::ResultStore;
using results::RunState;

std::string versions_json() {
  nlohmann::json versions{{"scgan_sweep", version_text()},
                          {"git", git_revision()},
                          {"libtorch", TORCH_VERSION},
                          {"mpi", distributed::MpiRuntime::library()},
                          {"compiler", __VERSION__}};
  for (const auto& [name, value] : distributed::determinism_record()) versions[name] = value;
  for (const auto& [name, value] : codec_versions()) versions[name] = value;
  return versions.dump();
}

using Clock = std::chrono::steady_clock;

// See clear_done_runs().
constexpr int kEnoughClean = 100;

// How long the coordinator may take to store why the job ends.
constexpr auto kStoreReason = std::chrono::seconds(3);

std::filesystem::path store_file(const JobPlan& plan) { return plan.out / "results.db"; }

// Indices of the runs to do, in the plan's order.
std::vector<int> runs_to_do(const std::vector<results::StoredRun>& stored, bool retry_failed) {
  std::vector<int> to_do;
  for (size_t i = 0; i < stored.size(); ++i) {
    if (stored[i].state == RunState::kDone || (is_failed(stored[i]) && !retry_failed)) continue;
    to_do.push_back(static_cast<int>(i));
  }
  return to_do;
}

void warn_of_failed(const std::vector<results::StoredRun>& stored) {
  for (const results::StoredRun& run : stored) {
    if (!is_failed(run)) continue;
    log::warn("{} {:g} % seed {} ({}) is not tried again: {}; use --retry-failed to try it again",
              run.plan.variant, run.plan.percentage, run.plan.seed, run.plan.id, failure_text(run));
  }
}

// Whether the last job in the folder ended by itself: then it has left nothing to clear.
bool last_job_ended(const std::filesystem::path& folder) {
  const auto job = job_of_folder(folder);
  return job && job->is_free;
}

// Removes what a job leaves that is killed just after runs were done. It clears them in the order
// in which they were done, which the clock may have disturbed, and a run's checkpoints last: so
// when the newest runs have none, the others have none, either.
void clear_done_runs(const JobPlan& plan, const ResultStore& store) {
  int clean = 0;
  for (const std::string& id : store.done_newest_first()) {
    const CheckpointFolder checkpoints(plan.out / "runs" / id, id);
    clean = checkpoints.newest_step() ? 0 : clean + 1;
    remove_unkept(plan.out, store.run(id));  // also what is left of half-removed checkpoints
    if (clean == kEnoughClean) return;
  }
}

// Of the finished runs whose folders were deleted. Single files take a look into each folder, which
// --redo-missing and scgan_report --verify do.
void warn_of_missing(const JobPlan& plan, const std::vector<results::StoredRun>& runs) {
  const auto ids = runs_without_folder(plan, runs);
  if (ids.empty()) return;
  const bool is_one = ids.size() == 1;
  log::warn(
      "{} {} folder in {}: the results in results.db are kept; use --redo-missing to train {} "
      "again ({})",
      is_one ? "1 finished run" : fmt::format("{} finished runs", ids.size()),
      is_one ? "has no" : "have no", (plan.out / "runs").string(), is_one ? "it" : "them",
      fmt::join(ids, ", "));
}

// The plan's runs as this job finds them: with --redo-missing, those without files are to do.
std::vector<results::StoredRun> runs_for(const SweepOptions& options, const JobPlan& plan,
                                         ExistingResults existing) {
  if (!options.redo_missing) return std::move(existing.runs);
  for (results::StoredRun& run : existing.runs) {
    if (!missing_file(plan, run).empty()) run.state = RunState::kPlanned;
  }
  return std::move(existing.runs);
}

std::vector<RunSpec> specs_of(const JobPlan& plan, const std::vector<int>& runs) {
  std::vector<RunSpec> specs;
  for (const int run : runs) specs.push_back(plan.runs.at(static_cast<size_t>(run)).spec);
  return specs;
}

// What a rank has from the start of the job to its end.
struct Job {
  const distributed::MpiRuntime& world;
  const distributed::Mailbox& mailbox;
  Heartbeat& heartbeat;
  Clock::time_point deadline;
};

// Counts from the call, the start of the job.
Clock::time_point deadline_of(const SweepOptions& options) {
  if (options.stop_after_minutes == 0) return Clock::time_point::max();
  const std::chrono::duration<double> limit(options.stop_after_minutes * 60);
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(limit);
}

struct Prepared {
  JobPlan plan;
  // On rank 0: decoded during the check, and what the output folder has.
  std::vector<DatasetSource> data;
  ExistingResults existing;
};

// What the folder has must fit to the plan, and the ranks to the runs. Rank 0 only.
void check_existing(const SweepOptions& options, const JobPlan& plan,
                    const ExistingResults& existing, const distributed::MpiRuntime& world) {
  require_same_sweep(existing, plan, options.replace_sweep);
  if (const auto text = dropped_text(existing, plan); !text.empty()) log::warn("{}", text);
  if (!options.redo_missing) warn_of_missing(plan, existing.runs);
  if (options.trains_nothing()) check_device_flag(plan, options.device);
  if (!options.slurm.empty()) return;  // that job will have other ranks and devices
  const auto to_do = runs_to_do(runs_for(options, plan, existing), options.retry_failed);
  asked_ranks_per_run(specs_of(plan, to_do), world.size());  // throws if too many
  distributed::choose_device(options.device, world.local_rank());
}

// Rank 0 checks everything and shares the outcome. nullopt: bad input, already reported.
// Collective.
std::optional<Prepared> prepare(const SweepOptions& options, const distributed::MpiRuntime& world) {
  Prepared prepared;
  JobPlan& plan = prepared.plan;
  std::string facts;
  int bad = 0;
  if (world.rank() == 0) {
    try {
      plan = read_plan(options, read_file(options.file));
      prepared.data = check_inputs(plan, options.trains_nothing());
      facts = input_facts_of(plan);
      keep_shard(plan);
      require_same_division(plan, options.replace_sweep);
      prepared.existing = existing_results(plan);
      if (options.explain.empty()) {
        check_existing(options, plan, prepared.existing, world);
        if (!options.trains_nothing()) {
          require_disk(plan, runs_for(options, plan, prepared.existing), options.retry_failed,
                       world.size(), options.ignore_disk);
        }
      } else {
        fmt::print("{}", explain(plan, prepared.existing, options.explain, options.retry_failed));
      }
    } catch (const Error& problem) {
      fmt::print(stderr, "{}\n", problem.what());
      bad = 1;
    }
  }
  if (world.broadcast(bad) != 0) return std::nullopt;
  const std::string text = world.broadcast(plan.text);
  facts = world.broadcast(facts);
  if (world.rank() != 0) {
    plan = read_plan(options, text);
    set_input_facts(plan, facts);
    keep_shard(plan);
  }
  return prepared;
}

void write_plan_files(const JobPlan& plan) {
  auto runs = nlohmann::json::array();
  for (const JobRun& run : plan.runs) {
    runs.push_back({{"id", run.record.id}, {"spec", nlohmann::json::parse(run.record.spec)}});
  }
  write_file_atomically(plan.out / "sweep.yaml", plan.text);
  write_file_atomically(plan.out / "plan.json",
                        nlohmann::json{{"name", plan.name}, {"runs", runs}}.dump(1) + "\n");
}

// Another job writes here now: this one must end before its next write.
void end_without_lock(const std::string& problem) {
  log::error("{}", problem);
  distributed::MpiRuntime::abort(kExitLost);
}

const std::filesystem::path& checked_folder(const JobPlan& plan, const Devices& devices) {
  require_devices(plan, devices);
  make_run_folder(plan.out);
  return plan.out;
}

// What only world rank 0 owns: the lock, the store and the coordinator.
class JobLeader {
 public:
  JobLeader(const JobPlan& plan, const SweepOptions& options, const Devices& devices,
            const distributed::Mailbox& mailbox, Clock::time_point deadline)
      : after_clean_end_(last_job_ended(plan.out)),
        lock_(checked_folder(plan, devices), end_without_lock),
        store_(ResultStore::open(store_file(plan))) {
    store_.defer_commits();
    remove_temporaries(plan.out);  // of a job that was killed
    if (plan.is_shard()) results::write_shard_plan(plan.shard, plan.out);
    std::vector<results::PlannedRun> records;
    for (const JobRun& run : plan.runs) records.push_back(run.record);
    store_.plan({plan.name, plan.text, nlohmann::json(options.sets).dump(), version_text()},
                records);
    store_.set_data_notes(plan.data_notes);
    store_.flush();
    write_plan_files(plan);
    if (options.redo_missing) store_.redo(runs_with_missing_files(plan, store_.runs()));
    const auto stored = store_.runs();
    if (!options.retry_failed) warn_of_failed(stored);
    if (!after_clean_end_) clear_done_runs(plan, store_);
    coordinator_.emplace(
        plan, runs_to_do(stored, options.retry_failed), stored, devices, mailbox, store_,
        Coordinator::Options{.quiet = options.quiet,
                             .time_is_up = [deadline] { return Clock::now() >= deadline; },
                             .speeds = stored_speeds(store_file(plan))});
  }
  SweepOutcome finish() { return coordinator_->finish(); }

 private:
  bool after_clean_end_;
  OutputLock lock_;
  ResultStore store_;
  std::optional<Coordinator> coordinator_;
};

int exit_code(const SweepOutcome& outcome) {
  if (outcome.left > 0) return kExitStopped;
  return outcome.failed > 0 ? kExitSomeFailed : kExitDone;
}

// Starts the JobLeader on rank 0. Sets `code` on all ranks, so that none waits for orders after a
// failure. Collective.
std::unique_ptr<JobLeader> start_leader(Prepared& prepared, const SweepOptions& options,
                                        const Job& job, const Devices& devices, int& code) {
  std::unique_ptr<JobLeader> leader;
  if (job.world.rank() == 0) {
    try {
      leader =
          std::make_unique<JobLeader>(prepared.plan, options, devices, job.mailbox, job.deadline);
      warn_of_different_devices(devices);
      warn_of_few_cores(prepared.plan, devices);
      for (DatasetSource& data : prepared.data) data.publish();
    } catch (const Error& problem) {
      fmt::print(stderr, "{}\n", problem.what());
      code = problem.kind() == ErrorKind::kInvalidSpec ? kExitBadInput : kExitLost;
    }
  }
  code = job.world.broadcast(code);
  return leader;
}

// Ends all ranks. The coordinator does so itself when it has stored the reason.
[[noreturn]] void end_job(const distributed::Mailbox& mailbox, const report::JobFailed& broken) {
  log::error("{}", broken.reason);
  try {
    mailbox.send(0, distributed::MailTag::kReport, to_text(broken));
    std::this_thread::sleep_for(kStoreReason);
  } catch (const Error& problem) {
    log::error("{}", problem.what());
  }
  distributed::MpiRuntime::abort(kExitLost);
}

// Follows the coordinator's orders. An error that affects more than its run ends all ranks at once:
// the others wait for this one, in collectives and in the coordinator, and would also do so in the
// executor's destructor.
void follow_orders(const JobPlan& plan, const Job& job, const RunExecutor::RankInfo& info) {
  RunExecutor executor(plan, job.mailbox, job.heartbeat, info);
  try {
    executor.serve();
  } catch (const std::exception& problem) {
    end_job(job.mailbox, {info.rank, exit_class(problem), problem.what()});
  }
}

// Prints what there is to do and, with --slurm, writes a script for it. Rank 0 only.
void run_dry(const SweepOptions& options, Prepared& prepared,
             const distributed::MpiRuntime& world) {
  const JobPlan& plan = prepared.plan;
  const auto runs = runs_for(options, plan, std::move(prepared.existing));
  int ranks = world.size();
  if (!options.slurm.empty()) {
    const auto specs = specs_of(plan, runs_to_do(runs, options.retry_failed));
    int64_t useful = 0;
    for (const RunSpec& spec : specs) useful += sizes_for(spec).back();
    ranks = slurm_ranks(std::ssize(specs), useful, specs.empty() ? 0 : specs[0].run.ranks_per_run);
    asked_ranks_per_run(specs, ranks);  // throws if runs ask for different numbers
  }
  std::optional<c10::Device> device;
  if (options.measure) device = distributed::choose_device(options.device, world.local_rank());
  const JobEstimate estimate = print_dry_run(options, plan, runs, ranks, device);
  if (options.slurm.empty()) return;
  const auto program = std::filesystem::read_symlink("/proc/self/exe").string();
  write_file_atomically(options.slurm, slurm_script(options, plan, estimate, ranks, program));
  fmt::print("{} written: sbatch starts the sweep with it\n", options.slurm.string());
}

// Returns the exit code on rank 0. Collective.
int run_job(const SweepOptions& options, const Job& job) {
  const distributed::MpiRuntime& world = job.world;
  auto prepared = prepare(options, world);
  if (!prepared) return kExitBadInput;
  if (!options.explain.empty()) return kExitDone;
  if (options.trains_nothing()) {
    if (world.rank() == 0) run_dry(options, *prepared, world);
    return kExitDone;
  }
  install_stop_signals();
  const c10::Device device = distributed::choose_device(options.device, world.local_rank());
  const Devices devices = world.gather(distributed::describe(device));
  int code = kExitDone;
  const auto leader = start_leader(*prepared, options, job, devices, code);
  if (code != kExitDone) return code;
  follow_orders(prepared->plan, job,
                {world.rank(), world.gather(world.host()), device, versions_json()});
  if (leader == nullptr) return code;
  const SweepOutcome outcome = leader->finish();
  const std::string part = shard_text(prepared->plan);
  if (!part.empty()) fmt::print("{}\n", part);
  fmt::print("{}: {} of {} run{} done, {} failed, {} to do; results in {}\n", prepared->plan.name,
             outcome.done, prepared->plan.runs.size(), prepared->plan.runs.size() == 1 ? "" : "s",
             outcome.failed, outcome.left, prepared->plan.out.string());
  return exit_code(outcome);
}

}  // namespace

int run_sweep(const SweepOptions& options, const distributed::MpiRuntime& world) {
  const auto deadline = deadline_of(options);
  const distributed::MpiMailbox mailbox;
  Heartbeat heartbeat(mailbox, world.rank(), world.host(), [&](const Heartbeat::LostRank& lost) {
    end_job(mailbox, {lost.rank, results::ExitClass::kLost, lost.text});
  });
  const int code = world.broadcast(run_job(options, {world, mailbox, heartbeat, deadline}));
  world.barrier();  // with the heartbeat: no rank waits here for a lost one
  return code;
}

}  // namespace scgan::sweeps
