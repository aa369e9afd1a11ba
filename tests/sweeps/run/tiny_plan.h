// Plans of tiny runs on generated cells.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "results/store/result_store.h"
#include "sweeps/run/job_plan.h"

namespace scgan::sweeps {

inline constexpr const char* kTinyRuns = R"(name: tiny
data:
  kind: synthetic
  image_size: 64
  synthetic: {train_images: 4, test_images: 4}
sweep: {variants: [cyclegan_diffaug], percentages: [100], seeds: [0]}
model: {generator_width: 4, generator_blocks: 1, discriminator_width: 4}
train: {steps: 2, batch_size: 2, micro_batch: 1}
evaluate: {kid_subsets: 2}
run: {sample_images: 0}
)";

// The plan before its files are checked; `sets` as --set.
inline JobPlan read_tiny_plan(const std::filesystem::path& out,
                              std::vector<std::string> sets = {}) {
  SweepOptions options;
  options.file = "tiny.yaml";
  options.out = out;
  options.sets = std::move(sets);
  return read_plan(options, kTinyRuns);
}

inline JobPlan tiny_plan(const std::filesystem::path& out, std::vector<std::string> sets = {}) {
  JobPlan plan = read_tiny_plan(out, std::move(sets));
  check_inputs(plan, /*dry_run=*/true);
  return plan;
}

// Leaves the folder as a job does that has done all runs of the plan.
inline void leave_done(const JobPlan& plan) {
  auto store = results::ResultStore::open(plan.out / "results.db");
  std::vector<results::PlannedRun> records;
  for (const JobRun& run : plan.runs) records.push_back(run.record);
  store.plan({.name = plan.name, .text = "", .sets = "[]", .version = ""}, records);
  for (const auto& record : records) {
    const std::string file = "runs/" + record.id + "/netG_A.safetensors";
    std::filesystem::create_directories((plan.out / file).parent_path());
    std::ofstream(plan.out / file) << "weights";
    store.finish(store.begin_attempt({.run_id = record.id,
                                      .hosts = "h",
                                      .device = "cpu: x",
                                      .versions = "{}",
                                      .reduction = "canonical"}),
                 2, "{}", {}, {{file, std::string(64, 'a')}});
  }
}

}  // namespace scgan::sweeps
