// The plan of a job: the runs of a sweep file, checked against data, extractor and weights files
// before anything is written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/data/dataset_source.h"
#include "core/spec/run_spec.h"
#include "results/store/records.h"
#include "results/store/shard_plan.h"
#include "sweeps/plan/shard.h"

namespace scgan::sweeps {

struct SweepOptions {
  std::filesystem::path file;     // the sweep file
  std::filesystem::path out;      // output folder; empty = out/<name of the sweep>
  std::vector<std::string> sets;  // --set key=value
  std::string shard;              // I/K: this job's part of the sweep; empty = all runs
  std::string device = "auto";    // auto, cpu, cuda
  double stop_after_minutes = 0;  // since the start of the job; 0 = no limit
  bool retry_failed = false;      // try failed runs again
  bool redo_missing = false;      // train finished runs again whose files are missing
  bool replace_sweep = false;     // the output folder may belong to another sweep
  bool dry_run = false;
  bool list = false;     // a dry run prints all runs, however many they are
  bool measure = false;  // a dry run trains some steps to estimate the time
  std::string explain;   // the id of a run: only say why it is trained or not
  // Only write a job script for Slurm into this file, after what a dry run does; empty = none.
  std::filesystem::path slurm;
  bool ignore_disk = false;  // start although the disk is too small
  bool quiet = false;

  bool trains_nothing() const { return dry_run || !explain.empty() || !slurm.empty(); }
};

struct JobRun {
  RunSpec spec;  // resolved, digests filled in
  results::PlannedRun record;
  // Only where check_inputs was called. Test images (tiles, if they are cut), numbers
  // of a feature vector.
  int64_t test_a = 0, test_b = 0;
  int64_t feature_count = 0;
};

struct JobPlan {
  std::string text;  // the sweep file as given
  std::string name;
  std::filesystem::path out;        // with store and runs; of a shard, its folder below sweep_out
  std::filesystem::path sweep_out;  // the output folder as the user names it
  std::vector<JobRun> runs;         // in the order of training
  // One line for each set of images: numbers, depth, size. Only where check_inputs was called.
  std::vector<std::string> data_lines;
  // Of the decoded images of all data sets. Only where check_inputs was called.
  int64_t image_bytes = 0;
  // What was noticed in the data sets, which check_inputs also logs.
  std::vector<results::DataNote> data_notes;
  // With --shard: index and count; keep_shard() fills in the rest, and leaves in `runs` those of
  // the shard, which are this share of the expected work.
  results::ShardPlan shard;
  double share_of_work = 1;

  bool is_shard() const { return shard.count > 0; }
};

// Reads and expands the sweep file, `text`; the runs have no digests and ids yet, and are those of
// all shards. Returns the same on every rank. Throws Error(kInvalidSpec).
JobPlan read_plan(const SweepOptions& options, const std::string& text);

// The folder of the decoded images of a sweep, which its shards share.
std::filesystem::path cache_folder(const JobPlan& plan);

// Checks everything that the runs need: every image, the extractor, weights files, full batches at
// each percentage, the output folder. Sets digests and ids. Writes nothing: it returns the decoded
// images (none with `dry_run`), to be published once the output folder exists. Throws
// Error(kInvalidSpec or kData). Rank 0 only.
std::vector<DatasetSource> check_inputs(JobPlan& plan, bool dry_run);

// Specs with equal keys share prepared images, extractor and scoring.
std::string inputs_key(const RunSpec& spec);

// What check_inputs found in the files, as text: with it, the other ranks complete their plans.
std::string input_facts_of(const JobPlan& plan);
void set_input_facts(JobPlan& plan, const std::string& text);

}  // namespace scgan::sweeps
