// The rows of the store as plain records. docs/results_schema.md describes the columns.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace scgan::results {

struct PlannedRun {
  // See core/spec/run_id.h.
  std::string id;
  // Label in tables.
  std::string variant;
  double percentage = 100;
  int64_t seed = 0;
  // The run's values of sweep.axes, JSON object.
  std::string axes = "{}";
  // Label: "synthetic", or the name of the data folder.
  std::string dataset;
  // SHA-256 of the data set.
  std::string data_digest;
  // Full resolved spec, JSON object.
  std::string spec;
  // Training images at the percentage.
  int64_t images_a = 0, images_b = 0;
  int64_t total_steps = 0;
};

// What was noticed in a data set, where it bears on the meaning of scores.
struct DataNote {
  // SHA-256 of the data set.
  std::string data_digest;
  // One sentence, without a full stop.
  std::string text;
  bool operator==(const DataNote&) const = default;
};

struct SweepRecord {
  std::string name;
  // The sweep file as given.
  std::string text;
  // --set flags, JSON list.
  std::string sets;
  // Version of scgan_sweep.
  std::string version;
};

// One attempt at a run.
struct AttemptStart {
  std::string run_id;
  // Of the group's ranks: "node1 x2, node2".
  std::string hosts;
  // Begins with "cpu: <model name>" or "cuda: <name>".
  std::string device;
  // Size of the group.
  int ranks = 1;
  // 0, or the step of the checkpoint from which it resumes.
  int64_t first_step = 0;
  // JSON object: scgan_sweep, git revision, LibTorch, MPI, compiler, ...
  std::string versions;
  // "canonical" or "allreduce".
  std::string reduction;
};

// How an attempt ended.
enum class ExitClass {
  kDone,
  kStopped,
  kNonFinite,
  kData,
  kOutOfMemory,
  // On more ranks than the run needs. Ranks that share a run, or a host, need more memory than one
  // alone.
  kOutOfMemoryMayFit,
  kStorage,
  kLost,
  // The job ended without closing the attempt (kill -9, power).
  kKilled,
  kUnknown
};

// The words of the store and the reports: "done", "stopped", "non_finite", "data", "out_of_memory",
// "out_of_memory_may_fit", "storage", "lost", "killed", "unknown".
const char* to_string(ExitClass exit_class);
// The class of a word; kUnknown for any other.
ExitClass exit_class_from_string(std::string_view word);

// When an attempt at a run began.
struct AttemptBegin {
  // 0, or the step of the checkpoint from which it resumed.
  int64_t first_step = 0;
  // Milliseconds since 1970-01-01 UTC.
  int64_t started_ms = 0;
};

// How an attempt at a run ended.
struct EndedAttempt {
  ExitClass exit_class = ExitClass::kUnknown;
  std::string reason;
  int64_t first_step = 0, last_step = 0;  // from which step to the furthest known
};

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

// Names of metrics that describe a score. output_spread: how much the generated images differ,
// relative to the real ones (core/eval/output_spread.h). feature_count: length of a feature vector.
constexpr const char* kOutputSpread = "output_spread";
constexpr const char* kFeatureCount = "feature_count";

// A run whose outputs have a lower spread has collapsed: whatever it is shown, it generates one
// image, or images of one colour. At this spread, the standard deviation of a pixel is 3 % of the
// real one: one grey level, the least that 8 bits can show, where real pixels vary by 30.
constexpr double kCollapsedSpread = 0.001;

struct Metric {
  // "fid", "kid", "recovered_change", ...
  std::string name;
  Subject subject = Subject::kTranslated;
  Statistic statistic = Statistic::kFull;
  // "AtoB" or "BtoA".
  std::string direction;
  // Step of the weights scored.
  int64_t step = 0;
  // Finite; KID is not multiplied by 100.
  double value = 0;
  int64_t n_real = 0, n_fake = 0;
  // Label: "random_conv", or the file's name.
  std::string extractor;
  // SHA-256 of the extractor.
  std::string extractor_digest;
  // What the extractor is shown: "uint8 RGB, 64 px".
  std::string preprocessing;
};

// Whether one of `metrics` says that the outputs in this direction have collapsed.
bool is_collapsed(const std::vector<Metric>& metrics, const std::string& direction);

// Whether this is what the trained generator's images score: neither a baseline nor a subset's.
bool is_main_score(const Metric& metric);

struct LossPoint {
  int64_t step = 0;
  // "g_adv_a", "cycle_a", "d_a", ...
  std::string name;
  // Weighted, as summed.
  double value = 0;
};

struct Artifact {
  // Relative to the sweep's folder.
  std::string path;
  // SHA-256 of the content.
  std::string sha256;
  // False: removed once the run was done, because run.keep leaves it out.
  bool kept = true;
};

enum class RunState { kPlanned, kRunning, kDone, kFailed };

// "planned", "running", "done", "failed".
const char* to_string(RunState state);

// 16 hex digits that identify a set of runs: of the SHA-256 of their sorted ids.
std::string plan_digest(const std::vector<std::string>& run_ids);

// A run with what the store knows of it.
struct StoredRun {
  PlannedRun plan;
  RunState state = RunState::kPlanned;
  int attempts = 0;
  // In order.
  std::vector<EndedAttempt> ended_attempts;
  // The last step that any attempt reported.
  int64_t last_step = 0;
  // How the last ended attempt ended, and why; the reason is empty if it is done.
  std::optional<ExitClass> last_exit;
  std::string reason;
  // Sums over all attempts: with the steps that a later one repeated, and the time of scoring.
  int64_t trained_steps = 0;
  double train_seconds = 0;
  // Of the attempt that finished the run; `versions` is a JSON object.
  std::string device, reduction, versions;
  // The final ones.
  std::vector<Metric> metrics;
  std::vector<Artifact> artifacts;
};

}  // namespace scgan::results
