// What --dry-run prints: what there is to do, how long it takes and what it needs, and the runs.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "results/store/records.h"
#include "sweeps/run/job_plan.h"

namespace scgan::sweeps {

struct JobEstimate {
  int64_t runs = 0, done = 0, failed = 0, started = 0, to_do = 0;
  // The furthest step that a checkpoint of a started run has.
  int64_t furthest_step = 0;
  // Of the runs whose speed is known, on all ranks; nullopt: of none.
  std::optional<double> seconds;
  int64_t runs_of_unknown_speed = 0;
  bool counts_scoring = true;
  bool is_measured = false;
  // More ranks than the runs to do can use together are of no use.
  int64_t useful_ranks = 0;
  // What the runs to do will add to the output folder, and what its file system has.
  int64_t disk_bytes = 0, free_bytes = 0;
  // The most that a rank needs, and what the host has.
  int64_t memory_bytes = 0, host_bytes = 0;
};

// `known`: the plan's runs as stored, in its order. With a device, measures the speed of runs that
// the store does not know, for 20 s or a step of each setting, unless the host has too little
// memory.
JobEstimate estimate(const JobPlan& plan, const std::vector<results::StoredRun>& known,
                     bool retry_failed, int ranks, std::optional<c10::Device> device);

// Pure. The disk's free room does not suffice for what the runs to do add, or only just.
struct DiskProblem {
  // "the output folder needs 4.7 GB and its file system has 4.0 GB free".
  std::string text;
  // By so much that an estimate that is a little off does not explain it.
  bool is_too_small = false;
};
std::optional<DiskProblem> disk_problem(const JobEstimate& estimate);

// Before a job writes anything: throws Error(kInvalidSpec) if the disk is too small, unless
// `ignored`, and warns if it is tight. `known`: as for estimate().
void require_disk(const JobPlan& plan, const std::vector<results::StoredRun>& known,
                  bool retry_failed, int ranks, bool ignored);

// Pure. The first line: "45 runs: 12 done, 33 to do; ...". Then one line for each thing that is too
// small.
std::vector<std::string> estimate_lines(const JobEstimate& estimate, int ranks);

// Prints it to standard output, and returns what it printed. `device`: as for estimate().
JobEstimate print_dry_run(const SweepOptions& options, const JobPlan& plan,
                          const std::vector<results::StoredRun>& known, int ranks,
                          std::optional<c10::Device> device);

}  // namespace scgan::sweeps
