// The plan of a job: the runs of a sweep file, checked against data, extractor and ranks before
// anything is written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/data/dataset_source.h"
#include "core/spec/run_spec.h"
#include "results/records.h"

namespace scgan::sweeps {

struct SweepOptions {
  std::filesystem::path file;     // the sweep file
  std::filesystem::path out;      // output folder; empty = out/<name of the sweep>
  std::vector<std::string> sets;  // --set key=value
  std::string device = "auto";    // auto, cpu, cuda
  double stop_after_minutes = 0;  // stop on request after this time; 0 = never
  bool retry_failed = false;      // runs that were given up are tried again
  bool dry_run = false;
  bool quiet = false;
};

struct JobRun {
  RunSpec spec;  // resolved, digests filled in
  results::PlannedRun record;
};

struct JobPlan {
  std::string text;  // the sweep file as given
  std::string name;
  std::filesystem::path out;
  std::vector<JobRun> runs;  // in the order of training
};

// Reads and expands the sweep file; the runs have no digests and ids yet. Pure: the same on every
// rank.
JobPlan read_plan(const SweepOptions& options, const std::string& text);

// Where the decoded images of a sweep are kept.
std::filesystem::path cache_folder(const JobPlan& plan);

// Looks at everything the runs would trip over: every image, the extractor, weights files, full
// batches at each percentage, the output folder. Fills in digests and ids. Writes nothing: what it
// decoded waits in the result, to be published once the output folder is there (nothing with
// `dry_run`). Throws Error(kInvalidSpec or kData). Rank 0 only.
std::vector<DatasetSource> check_inputs(JobPlan& plan, bool dry_run);

// What of a spec decides the prepared images, the extractor and the scoring: equal keys can share
// them.
std::string inputs_key(const RunSpec& spec);

// Digests of all runs as text, and back: how rank 0 tells the others.
std::string digests_of(const JobPlan& plan);
void set_digests(JobPlan& plan, const std::string& digests);

}  // namespace scgan::sweeps
