// schedule_bench: how close the schedule comes to the shortest possible time on simulated ranks, as
// the table of docs/scheduling.md; takes minutes.
// schedule_bench load [RUNS]: what 10,000 runs on 512 ranks cost the coordinator.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <string>

#include "results/store/result_store.h"
#include "tests/support/temp_dir.h"
#include "tests/sweeps/run/simulated_world.h"

namespace scgan::sweeps {
namespace {

constexpr uint64_t kSets = 10;  // of random runs, for each number in the table

double percent_above_bound(const RandomRuns& kind, int ranks) {
  auto store = results::ResultStore::open(":memory:");
  const auto runs = random_runs(kind);
  SimulatedWorld world(runs, {});
  const double seconds = world.train(simulated_plan(runs), ranks, store);
  return 100 * (seconds / lower_bound(runs, ranks) - 1);
}

void print_table() {
  constexpr std::array kRanks = {4, 6, 16, 64, 96, 128, 160, 200, 400, 512};
  fmt::print("| runs | ranks together | times expected |");
  for (const int ranks : kRanks) fmt::print(" {} |", ranks);
  fmt::print("\n| --: | --: | --- |");
  for (size_t i = 0; i < kRanks.size(); ++i) fmt::print(" --: |");
  fmt::print("\n");
  for (const int most_ranks : {4, 8}) {
    for (const int runs : {45, 200, 2000}) {
      for (const bool expected : {true, false}) {
        fmt::print("| {} | {} | {} |", runs, most_ranks, expected ? "yes" : "no");
        for (const int ranks : kRanks) {
          double worst = 0;
          for (uint64_t seed = 1; seed <= kSets; ++seed) {
            worst = std::max(worst, percent_above_bound({runs, most_ranks, expected, seed}, ranks));
          }
          fmt::print(" {:.1f} |", worst);
        }
        fmt::print("\n");
        std::fflush(stdout);
      }
    }
  }
}

// Of this process until now.
double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

void print_load(int count) {
  constexpr int kRanks = 512;
  const TempDir folder;
  const auto file = folder.path() / "results.db";
  auto store = results::ResultStore::open(file);
  std::vector<SimulatedRun> runs = random_runs({count, 4, true, 7});
  for (SimulatedRun& run : runs) run.rank_seconds /= 30;  // 20 s to 200 s
  SimulatedWorld world(runs, {.report_seconds = 0.25, .curve_points = 200});
  const double seconds = world.train(simulated_plan(runs), kRanks, store);
  const int64_t writes = transactions(file);
  const double all = processor_seconds(), simulation = world.processor_seconds();
  fmt::print(
      "{} runs on {} ranks: {:.0f} s, {} reports ({:.0f} a second), {} transactions ({:.1f} a "
      "second); processor time: the coordinator {:.0f} s ({:.1f} % of a core), the simulated ranks "
      "{:.0f} s\n",
      runs.size(), kRanks, seconds, world.reports(), world.reports() / seconds, writes,
      writes / seconds, all - simulation, 100 * (all - simulation) / seconds, simulation);
}

}  // namespace
}  // namespace scgan::sweeps

int main(int argc, char** argv) {
  try {
    if (argc > 1 && std::string(argv[1]) == "load") {
      scgan::sweeps::print_load(argc > 2 ? std::atoi(argv[2]) : 10'000);
    } else {
      scgan::sweeps::print_table();
    }
    return 0;
  } catch (const std::exception& problem) {
    fmt::print(stderr, "schedule_bench: {}\n", problem.what());
    return 1;
  }
}
