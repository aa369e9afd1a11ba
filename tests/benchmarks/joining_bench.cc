// joining_bench [RUNS RANKS [STEPS]]: measures how much earlier the last run of a sweep ends if
// free ranks join it. By default 3 runs on 2 ranks and 5 runs on 4 ranks, each of 60 steps.
//
// The prediction: a run that takes `alone` seconds on one rank and `shared` seconds on all ranks
// ends alone - shared seconds earlier. `alone` is measured as the last run of the same sweep
// without joining, `shared` as a sweep of one run; then the sweep runs with joining. All times are
// those from the start to the end of the run's attempt in the store, scoring included.
#include <fmt/format.h>

#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/atomic_file.h"
#include "results/store/result_store.h"
#include "tests/support/subprocess.h"
#include "tests/support/temp_dir.h"

namespace scgan {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSweep = R"(name: joining
data:
  kind: synthetic
  image_size: 64
  synthetic: {train_images: 32, test_images: 8}
sweep: {variants: [cyclegan], percentages: [100]}
model: {generator_width: 24, generator_blocks: 6, discriminator_width: 24}
train: {batch_size: 4, micro_batch: 1}
evaluate: {kid_subsets: 5}
run: {sample_images: 0, checkpoint_minutes: 60}
)";

class Bench {
 public:
  Bench() { write_file_atomically(folder_.path() / "sweep.yaml", kSweep); }

  void measure(int runs, int ranks, int steps) {
    const double alone = last_run("alone", runs, ranks, steps, "1");
    const double shared = last_run("shared", 1, ranks, steps, std::to_string(ranks));
    const double joined = last_run("joined", runs, ranks, steps, "auto");
    const double predicted = alone - shared;
    const double measured = alone - joined;
    fmt::print(
        "{} runs on {} ranks: the last run takes {:.1f} s alone, {:.1f} s on {} ranks, {:.1f} s if "
        "free ranks join it\n  {:.1f} s earlier, predicted {:.1f} s: {:.0f} % of that\n",
        runs, ranks, alone, shared, ranks, joined, measured, predicted, 100 * measured / predicted);
  }

 private:
  // Seconds of the sweep's last run.
  double last_run(const std::string& out, int runs, int ranks, int steps,
                  const std::string& ranks_per_run) const {
    std::string seeds;
    for (int seed = 0; seed < runs; ++seed)
      seeds += fmt::format("{}{}", seed == 0 ? "" : ",", seed);
    const Ended ended =
        run({{SCGAN_MPIRUN, "--oversubscribe", "--bind-to", "none", "-n", std::to_string(ranks),
              SCGAN_SWEEP, "sweep.yaml", "--out", out, "--device", "cpu", "--quiet", "--set",
              "sweep.seeds=[" + seeds + "]", "--set", fmt::format("train.steps={}", steps), "--set",
              "run.ranks_per_run=" + ranks_per_run},
             {},
             folder_.path()},
            std::chrono::hours(1));
    if (ended.exit_code != 0) throw std::runtime_error(ended.text());
    const double seconds = results::ResultStore::open_read_only(folder_.path() / out / "results.db")
                               .runs()
                               .back()
                               .train_seconds;
    fs::remove_all(folder_.path() / out);
    return seconds;
  }

  TempDir folder_;
};

}  // namespace
}  // namespace scgan

int main(int argc, char** argv) {
  try {
    scgan::Bench bench;
    const int steps = argc > 3 ? std::atoi(argv[3]) : 60;
    if (argc > 2) {
      bench.measure(std::atoi(argv[1]), std::atoi(argv[2]), steps);
    } else {
      bench.measure(3, 2, steps);
      bench.measure(5, 4, steps);
    }
    return 0;
  } catch (const std::exception& problem) {
    fmt::print(stderr, "joining_bench: {}\n", problem.what());
    return 1;
  }
}
