// What the store keeps, as plain records. See results/schema.sql for each column's meaning.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace scgan::results {

struct PlannedRun {
  std::string id;       // core/spec/run_id.h
  std::string variant;  // label in tables
  double percentage = 100;
  int64_t seed = 0;
  std::string axes = "{}";             // JSON object: this run's values of sweep.axes
  std::string dataset;                 // label: "synthetic", or the data folder's name
  std::string data_digest;             // SHA-256 of the data set
  std::string spec;                    // full resolved spec, JSON
  int64_t images_a = 0, images_b = 0;  // training images of the percentage
  int64_t total_steps = 0;
};

struct SweepRecord {
  std::string name;
  std::string text;     // the sweep file as given
  std::string sets;     // --set flags, JSON list
  std::string version;  // of scgan_sweep
};

// One attempt at a run.
struct AttemptStart {
  std::string run_id;
  std::string host;        // host of the group's first rank
  std::string device;      // "cpu: <model name>" or "cuda: <name>"
  int ranks = 1;           // of the group
  int64_t first_step = 0;  // 0, or the checkpoint's step it resumed from
  std::string versions;    // JSON object: scgan_sweep, git revision, LibTorch, MPI, compiler, ...
  std::string reduction;   // "canonical" or "allreduce"
};

// How an attempt ended.
enum class ExitClass {
  kDone,
  kStopped,
  kNonFinite,
  kData,
  kOutOfMemory,
  kStorage,
  kLost,
  kUnknown
};

// The words of the store and the reports: "done", "stopped", "non_finite", "data", "out_of_memory",
// ...
const char* to_string(ExitClass exit_class);

// How an attempt at a run ended.
struct EndedAttempt {
  ExitClass exit_class = ExitClass::kUnknown;
  std::string reason;
  int64_t first_step = 0, last_step = 0;  // from which step to the furthest known
};

// The reason of attempts that were still open when the next job started.
inline constexpr const char* kEndedWithoutAWord = "the job ended without a word";

// How the reason of an attempt begins that ran out of memory on more ranks than the run needs:
// ranks that share a run, or a host, need more of it than one alone.
inline constexpr const char* kMayFitOnFewer = "may fit on fewer ranks: ";
bool may_fit_on_fewer(const EndedAttempt& attempt);

// The images that a metric compares with the real test images of the target domain.
enum class Subject {
  kTranslated,    // by the trained generator
  kUntranslated,  // the source images as they are
  kRealHalves     // one half of the real images, compared with the other
};

enum class Statistic {
  kFull,        // over all images
  kSubsetMean,  // mean over random subsets
  kSubsetStd    // standard deviation over the same subsets
};

// The words of the store: "translated", "untranslated", "real_halves".
const char* to_string(Subject subject);
// "full", "subset_mean", "subset_std".
const char* to_string(Statistic statistic);

struct Metric {
  std::string name;  // "fid", "kid", "recovered_change", ...
  Subject subject = Subject::kTranslated;
  Statistic statistic = Statistic::kFull;
  std::string direction;  // "AtoB" or "BtoA"
  int64_t step = 0;       // of the weights scored
  double value = 0;       // finite; KID is not multiplied by 100
  int64_t n_real = 0, n_fake = 0;
  std::string extractor;         // label: "random_conv", or the file's name
  std::string extractor_digest;  // SHA-256
  std::string preprocessing;     // "uint8 RGB, 64 px"
};

// Whether this is what the trained generator's images score: neither a baseline nor a subset's.
bool is_main_score(const Metric& metric);

struct LossPoint {
  int64_t step = 0;
  std::string name;  // "g_adv_a", "cycle_a", "d_a", ...
  double value = 0;  // weighted, as summed
};

struct Artifact {
  std::string path;    // relative to the sweep's folder
  std::string sha256;  // of the content
};

enum class RunState { kPlanned, kRunning, kDone, kFailed };

// "planned", "running", "done", "failed".
const char* to_string(RunState state);

// What the report reads back for each planned run of the current plan.
struct StoredRun {
  PlannedRun plan;
  RunState state = RunState::kPlanned;
  int attempts = 0;
  std::vector<EndedAttempt> ended_attempts;  // in order
  int64_t last_step = 0;                     // the furthest step known
  std::optional<ExitClass> last_exit;        // of the last attempt that ended
  std::string reason;                        // of the same attempt; empty when it is done
  double train_seconds = 0;                  // over all attempts
  std::string device, reduction;             // of the attempt that finished it
  std::vector<Metric> metrics;               // the final ones
  std::vector<Artifact> artifacts;
};

}  // namespace scgan::results
