#include "sweeps/run/slurm_script.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <stdexcept>
#include <vector>

#include "sweeps/run/slurm_template.h"

namespace scgan::sweeps {
namespace {

constexpr int64_t kFewestRanks = 4, kMostRanks = 64;

// As one word of bash.
std::string quoted_word(const std::string& text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

std::string absolute_word(const std::filesystem::path& path) {
  return quoted_word(std::filesystem::absolute(path).lexically_normal().string());
}

// Replaces `old`, which the template has once.
void replace_once(std::string& text, const std::string& old, const std::string& by) {
  const size_t at = text.find(old);
  if (at == std::string::npos || text.find(old, at + 1) != std::string::npos) {
    throw std::logic_error("slurm/sweep.sbatch does not have once: " + old);
  }
  text.replace(at, old.size(), by);
}

// The limit of one start, after which the job requeues itself: half more than estimated and the
// time to start and to score, in quarters of an hour.
std::string time_limit(double seconds) {
  constexpr double kQuarter = 900, kMostQuarters = 96;
  const double quarters = std::min(std::ceil(seconds * 1.5 / kQuarter) + 1, kMostQuarters);
  const auto minutes = static_cast<int64_t>(quarters * 15);
  return fmt::format("{:02}:{:02}:00", minutes / 60, minutes % 60);
}

std::string flags_text(const SweepOptions& options) {
  std::string text;
  for (const std::string& set : options.sets) text += "--set " + quoted_word(set) + " ";
  if (options.device != "auto") text += "--device " + quoted_word(options.device) + " ";
  if (!options.shard.empty()) text += "--shard " + quoted_word(options.shard) + " ";
  if (options.retry_failed) text += "--retry-failed ";
  if (options.redo_missing) text += "--redo-missing ";
  if (options.replace_sweep) text += "--replace-sweep ";
  if (options.ignore_disk) text += "--ignore-disk ";
  return text;
}

// A fifth more than computed, and the rank's part of the images, for each processor.
int64_t megabytes_per_processor(const JobPlan& plan, const JobEstimate& estimate, int ranks,
                                int64_t threads) {
  const double bytes = 1.2 * static_cast<double>(estimate.memory_bytes) +
                       static_cast<double>(plan.image_bytes) / ranks;
  return static_cast<int64_t>(std::ceil(bytes / 1e6 / static_cast<double>(threads)));
}

}  // namespace

int slurm_ranks(int64_t runs_to_do, int64_t useful_ranks, int64_t ranks_per_run) {
  const int64_t ranks = std::min(std::clamp(runs_to_do, kFewestRanks, kMostRanks), useful_ranks);
  const int64_t least = std::max<int64_t>(1, ranks_per_run);
  return static_cast<int>(std::max(least, ranks - ranks % least));
}

std::string slurm_script(const SweepOptions& options, const JobPlan& plan,
                         const JobEstimate& estimate, int ranks, const std::string& program) {
  int64_t threads = 1;
  for (const JobRun& run : plan.runs) threads = std::max(threads, run.spec.train.threads);
  std::string text(kSweepSbatch);
  const size_t usage = text.find("#\n#   sbatch "), settings = text.find("# Settings.");
  if (usage == std::string::npos || settings == std::string::npos) {
    throw std::logic_error("slurm/sweep.sbatch has another head");
  }
  text.replace(
      usage, settings - usage,
      fmt::format(
          "#\n# Written by scgan_sweep --slurm for the sweep {}: {} of {} runs to do; more than {} "
          "rank{} are of no use.\n# Submit it with sbatch; the same command continues. "
          "slurm/README.md of scgan_sweep explains it.\n#\n",
          plan.name, estimate.started + estimate.to_do, estimate.runs, estimate.useful_ranks,
          estimate.useful_ranks == 1 ? "" : "s"));
  replace_once(text, "#SBATCH --nodes=1\n#SBATCH --ntasks-per-node=4\n",
               fmt::format("#SBATCH --chdir=\"{}\"\n#SBATCH --ntasks={}\n",
                           std::filesystem::current_path().string(), ranks));
  replace_once(text, "--ntasks-per-node=8 slurm/sweep.sbatch ...",
               "--ntasks=8 " + options.slurm.filename().string());
  replace_once(text, "#SBATCH --cpus-per-task=1\n",
               fmt::format("#SBATCH --cpus-per-task={}\n#SBATCH --mem-per-cpu={}M\n", threads,
                           megabytes_per_processor(plan, estimate, ranks, threads)));
  if (estimate.seconds && estimate.runs_of_unknown_speed == 0) {
    replace_once(text, "--time=04:00:00", "--time=" + time_limit(*estimate.seconds));
  }
  if (options.device == "cuda") replace_once(text, "##SBATCH --gpus", "#SBATCH --gpus");
  replace_once(text, "sweep_file=${1:-examples/quickstart.yaml}",
               "sweep_file=" + absolute_word(options.file));
  replace_once(text, "out_folder=${2:-out/$(basename \"$sweep_file\" .yaml)}",
               "out_folder=" + absolute_word(plan.sweep_out));
  replace_once(text, "flags=(\"${@:3}\")", "flags=(" + flags_text(options) + "\"$@\")");
  replace_once(text, "program=${SCGAN_SWEEP:-build/bin/scgan_sweep}",
               "program=${SCGAN_SWEEP:-" + quoted_word(program) + "}");
  return text;
}

}  // namespace scgan::sweeps
