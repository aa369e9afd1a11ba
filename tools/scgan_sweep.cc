// scgan_sweep: trains and scores every run of a sweep file that is not done yet. Same command again
// = resume.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/version.h"
#include "core/model/determinism.h"
#include "distributed/environment.h"
#include "distributed/mpi_runtime.h"
#include "distributed/versions.h"
#include "sweeps/run/exit_code.h"
#include "sweeps/run/sweep_job.h"

namespace {

using scgan::sweeps::SweepOptions;

constexpr const char* kFooter =
    "Start it under mpirun or srun to use several ranks. Exit codes: 0 all runs done, 1 some "
    "failed, "
    "2 bad flags, sweep file or data, 3 lost rank, device or storage, 75 stopped on request.";

void add_options(CLI::App& app, SweepOptions& options) {
  app.add_option("sweep", options.file, "Sweep file (YAML)")->required();
  app.add_option("--out", options.out, "Output folder [out/<name of the sweep>]");
  app.add_option("--set", options.sets,
                 "key=value: replaces what the file says, e.g. train.epochs=5")
      ->allow_extra_args(false);
  app.add_option("--device", options.device, "auto, cpu or cuda")->capture_default_str();
  app.add_option("--stop-after", options.stop_after_minutes,
                 "Stop with checkpoints and exit 75 after this many minutes")
      ->check(CLI::PositiveNumber);
  app.add_flag("--retry-failed", options.retry_failed, "Try runs again that were given up");
  app.add_flag("--dry-run", options.dry_run, "Check everything, print the runs, train nothing");
  app.add_flag("--quiet", options.quiet, "No progress");
  app.set_version_flag("--version", [] {
    return scgan::version_text() + "\n" + scgan::distributed::library_versions();
  });
  app.footer(kFooter);
}

int exit_code(const scgan::Error& problem) {
  using scgan::ErrorKind;
  const bool input =
      problem.kind() == ErrorKind::kInvalidSpec || problem.kind() == ErrorKind::kData;
  return input ? scgan::sweeps::kExitBadInput : scgan::sweeps::kExitLost;
}

// An error that reaches main on one rank leaves the others waiting for it: all are ended together.
int run(const SweepOptions& options) {
  const scgan::distributed::MpiRuntime world;
  scgan::log::configure(world.size() > 1 ? std::to_string(world.rank()) : "",
                        scgan::log::Level::kInfo);
  try {
    return scgan::sweeps::run_sweep(options, world);
  } catch (const scgan::Error& problem) {
    scgan::log::error("{}", problem.what());
    scgan::distributed::MpiRuntime::abort(exit_code(problem));
  } catch (const std::exception& problem) {
    scgan::log::error("{}", problem.what());
    scgan::distributed::MpiRuntime::abort(scgan::sweeps::kExitLost);
  }
}

}  // namespace

int main(int argc, char** argv) {
  scgan::distributed::fix_environment(argv);
  scgan::use_deterministic_kernels();
  CLI::App app(
      "Trains and scores every run of a sweep that is not done yet; the same command resumes.",
      "scgan_sweep");
  SweepOptions options;
  add_options(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? scgan::sweeps::kExitDone : scgan::sweeps::kExitBadInput;
  }
  try {
    return run(options);
  } catch (const std::exception& problem) {  // MPI did not start
    std::fprintf(stderr, "%s\n", problem.what());
    return scgan::sweeps::kExitLost;
  }
}
