// Plans of tiny runs on generated cells.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

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

}  // namespace scgan::sweeps
