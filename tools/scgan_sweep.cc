// scgan_sweep: trains and scores every run of a sweep file that is not done. The same command
// resumes.
#include <CLI/App.hpp>
#include <exception>
#include <string>

#include "core/base/error.h"
#include "core/base/exit_code.h"
#include "core/base/log.h"
#include "core/model/determinism.h"
#include "distributed/environment.h"
#include "distributed/mpi_runtime.h"
#include "distributed/versions.h"
#include "sweeps/run/sweep_job.h"
#include "tools/cli.h"

namespace {

using scgan::distributed::MpiRuntime;
using scgan::sweeps::SweepOptions;

std::string version() {
  return scgan::version_text() + "\n" + scgan::distributed::library_versions();
}

constexpr scgan::tools::Program kProgram{
    "scgan_sweep",
    "Trains and scores every run of a sweep that is not done; the same command resumes.",
    "Start it under mpirun or srun to use several ranks. Exit codes: 0 all runs done, 1 some "
    "failed, 2 bad flags, sweep file or data, 3 lost rank, device or storage, 75 stopped on "
    "request.",
    version};

void add_options(CLI::App& app, SweepOptions& options) {
  app.add_option("sweep", options.file, "Sweep file (YAML)")->required();
  app.add_option("--out", options.out, "Output folder [out/<name of the sweep>]");
  app.add_option("--set", options.sets,
                 "key=value: replaces what the file says, e.g. train.epochs=5")
      ->allow_extra_args(false);
  app.add_option("--shard", options.shard,
                 "I/K: train only part I of K of the runs, next to jobs with the other parts; all "
                 "have the same --out, into whose shards/I-of-K this one writes")
      ->type_name("I/K");
  app.add_option("--device", options.device, "auto, cpu or cuda")->capture_default_str();
  app.add_option("--stop-after", options.stop_after_minutes,
                 "Stop with checkpoints and exit code 75 after this many minutes")
      ->check(CLI::PositiveNumber);
  app.add_flag("--retry-failed", options.retry_failed,
               "Also try failed runs again that are otherwise skipped");
  app.add_flag("--redo-missing", options.redo_missing,
               "Train finished runs again whose files are missing");
  app.add_flag("--replace-sweep", options.replace_sweep,
               "Use an output folder of another sweep; its results stay in results.db");
  app.add_flag("--ignore-disk", options.ignore_disk,
               "Start although the file system of the output folder has too little room");
  auto* dry_run = app.add_flag("--dry-run", options.dry_run,
                               "Check everything; print what is to do and what it needs of time, "
                               "disk and memory; write nothing");
  app.add_flag("--list", options.list, "With --dry-run: list all runs, also more than 50")
      ->needs(dry_run);
  app.add_flag("--estimate", options.measure,
               "With --dry-run: train some steps to estimate the time, for about 20 s or one step "
               "of each setting")
      ->needs(dry_run);
  app.add_option("--explain", options.explain,
                 "Only say why this run is trained or not, and in which keys it differs from the "
                 "most similar one of the output folder; ID: its id or how it begins")
      ->type_name("ID")
      ->excludes(dry_run);
  app.add_option(
         "--slurm", options.slurm,
         "Only write a job script with ranks, memory and time for this sweep into FILE, for "
         "sbatch; with --dry-run --estimate, the time is measured")
      ->type_name("FILE");
  app.add_flag("--quiet", options.quiet, "No progress");
}

// An error that reaches main on one rank leaves the others waiting: it ends them all.
int run(const SweepOptions& options) {
  const MpiRuntime world;
  scgan::log::configure(world.size() > 1 ? std::to_string(world.rank()) : "",
                        scgan::log::Level::kInfo);
  try {
    return scgan::sweeps::run_sweep(options, world);
  } catch (const scgan::Error& problem) {
    scgan::log::error("{}", problem.what());
    MpiRuntime::abort(scgan::exit_code(problem.kind()));
  } catch (const std::exception& problem) {
    scgan::log::error("{}", problem.what());
    MpiRuntime::abort(scgan::kExitLost);
  }
}

}  // namespace

int main(int argc, char** argv) {
  scgan::distributed::fix_environment(argv);
  scgan::use_deterministic_kernels();
  SweepOptions options;
  return scgan::tools::run_program(
      kProgram, argc, argv, [&](CLI::App& app) { add_options(app, options); },
      [&] { return run(options); });
}
