#include "sweeps/run/job_plan.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <unistd.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/sha256.h"
#include "core/data/dataset_source.h"
#include "core/data/image_catalog.h"
#include "core/data/image_folder.h"
#include "core/data/sampler.h"
#include "core/data/subset.h"
#include "core/features/extractor_factory.h"
#include "core/features/feature_extractor.h"
#include "core/image/image_file.h"
#include "core/model/ssl_loss.h"
#include "core/spec/run_id.h"
#include "core/spec/spec_keys.h"
#include "core/train/lr_schedule.h"
#include "core/train/train_state.h"
#include "sweeps/plan/expand.h"
#include "sweeps/plan/sweep_yaml.h"

namespace scgan::sweeps {
namespace {

// The values of the keys that start with `prefix`, without those in `excluded`.
std::string values_of(const RunSpec& spec, std::string_view prefix,
                      const std::set<std::string>& excluded = {}) {
  std::string all;
  for (const SpecKey& key : spec_keys()) {
    if (!key.path.starts_with(prefix) || excluded.contains(key.path)) continue;
    all += scgan::to_json(key.get(spec)) + "|";
  }
  return all;
}

// The keys that decide the files of the data and their preparation: all but those of the sampler.
std::string data_key(const RunSpec& spec) {
  return values_of(spec, "data.",
                   {"data.percentage", "data.subset", "data.subset_images", "data.shuffle",
                    "data.pairing", "data.flip"});
}

std::string dataset_label(const DatasetSpec& spec) {
  if (spec.kind == DataKind::kSynthetic) return "synthetic";
  if (spec.kind == DataKind::kManifest) return std::filesystem::path(spec.manifest).stem().string();
  auto root = std::filesystem::path(spec.root).lexically_normal();
  if (root.filename().empty()) root = root.parent_path();
  return root.filename().string();
}

// The nearest existing folder must be writable.
void check_writable(const std::filesystem::path& out) {
  auto folder = std::filesystem::absolute(out);
  std::error_code ignored;
  while (!std::filesystem::exists(folder, ignored) && folder.has_parent_path()) {
    folder = folder.parent_path();
  }
  if (!std::filesystem::is_directory(folder, ignored)) {
    throw Error(ErrorKind::kInvalidSpec,
                fmt::format("output folder {}: {} is a file", out.string(), folder.string()));
  }
  if (access(folder.c_str(), W_OK | X_OK) != 0) {
    throw Error(ErrorKind::kInvalidSpec, fmt::format("output folder {}: {} cannot be written",
                                                     out.string(), folder.string()));
  }
}

// What rank 0 learns of a run from its files. The other ranks do not read them.
struct InputFacts {
  std::string data_digest, extractor_digest, lpips_digest, initial_weights_digest;
  // Training images of the percentage.
  int64_t images_a = 0, images_b = 0;
  int64_t total_steps = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(InputFacts, data_digest, extractor_digest, lpips_digest,
                                   initial_weights_digest, images_a, images_b, total_steps)

// Completes a run that read_plan made.
void complete(JobRun& run, const InputFacts& facts) {
  RunSpec& spec = run.spec;
  spec.data.digest = facts.data_digest;
  spec.evaluate.extractor.digest = facts.extractor_digest;
  spec.loss.lpips_digest = facts.lpips_digest;
  spec.train.initial_weights_digest = facts.initial_weights_digest;
  results::PlannedRun& record = run.record;
  record.images_a = facts.images_a;
  record.images_b = facts.images_b;
  record.total_steps = facts.total_steps;
  record.id = run_id(spec);
  record.variant = spec.variant;
  record.percentage = spec.data.percentage;
  record.seed = spec.seed;
  record.axes = spec.axes;
  record.dataset = dataset_label(spec.data);
  record.data_digest = spec.data.digest;
  record.spec = full_json(spec);
}

void count_images_and_steps(const RunSpec& spec, const DataSummary& data, InputFacts& facts) {
  facts.images_a = subset_size(spec.data, data.train_a);
  facts.images_b = subset_size(spec.data, data.train_b);
  const Sampler sampler(spec.data, spec.seed, facts.images_a, facts.images_b,
                        spec.train.batch_size);
  facts.total_steps = total_steps(spec.train, sampler.steps_per_epoch());
}

void require_scorable(const DataSummary& data, const DatasetSpec& spec) {
  const int64_t tiles = spec.tiles * spec.tiles;
  for (const auto& [split, count] : {std::pair{"testA", data.test_a}, {"testB", data.test_b}}) {
    if (count * tiles < 2) {
      throw Error(ErrorKind::kData, fmt::format("{}: {} holds {} image; FID and KID need 2 or more",
                                                spec.root, split, count));
    }
  }
}

// Tells the user what was noticed in a data set, once for each set of images.
void note(const DataSummary& data, const DatasetSpec& spec, std::vector<results::DataNote>& notes) {
  for (const std::string& text : data.notes) {
    results::DataNote found{data.digest, text};
    if (std::find(notes.begin(), notes.end(), found) != notes.end()) continue;
    log::warn("{}: {}", dataset_label(spec), text);
    notes.push_back(std::move(found));
  }
}

// "cells: 845 + 845 training images, 60 + 60 test images; 16-bit grey images of ...".
std::string data_line(const DataSummary& data, const DatasetSpec& spec) {
  return fmt::format("{}: {} + {} training images, {} + {} test images{}{}", dataset_label(spec),
                     data.train_a, data.train_b, data.test_a, data.test_b,
                     data.description.empty() ? "" : "; ", data.description);
}

// Names what the folders hold and is not read; once per folder.
void report_skipped_files(const std::vector<SkippedFiles>& all, std::set<std::string>& reported) {
  for (const SkippedFiles& skipped : all) {
    const std::string text = to_string(skipped);
    if (!reported.insert(text).second) continue;
    log::write(skipped.has_images() ? log::Level::kWarn : log::Level::kInfo, text);
  }
}

// For the report, without the paths of this machine.
void note_skipped_images(const std::vector<SkippedFiles>& all, const std::string& digest,
                         std::vector<results::DataNote>& notes) {
  for (SkippedFiles skipped : all) {
    if (!skipped.has_images()) continue;
    skipped.folder = skipped.folder.filename();
    results::DataNote found{digest, to_string(skipped)};
    if (std::find(notes.begin(), notes.end(), found) == notes.end()) {
      notes.push_back(std::move(found));
    }
  }
}

struct ExtractorFacts {
  std::string digest;
  int64_t feature_count = 0;
};

// Opens the extractor to see that it works.
ExtractorFacts extractor_facts(const ExtractorSpec& spec, int64_t image_size) {
  try {
    const auto extractor = make_feature_extractor(spec, image_size);
    const at::NoGradGuard no_grad;
    const at::Tensor image = at::zeros({1, 3, image_size, image_size}, at::kByte);
    return {extractor->digest(), extractor->features(image).size(1)};
  } catch (const Error& problem) {
    throw Error(problem.kind(), fmt::format("evaluate.extractor.file: {}", problem.what()),
                problem.where());
  }
}

// Of the decoded images of a data set in the cache.
int64_t image_bytes(const DatasetSpec& spec, const DataSummary& data) {
  if (spec.kind == DataKind::kSynthetic) return 0;
  ImageCatalog catalog;
  const FieldOfView first = list_fields(spec).front();
  catalog.is_float =
      spec.scaling == Scaling::kPercentile || read_image_info(first_file(first.files)).bits != 8;
  for (const auto& [split, count] : {std::pair{Split::kTrainA, data.train_a},
                                     {Split::kTrainB, data.train_b},
                                     {Split::kTestA, data.test_a},
                                     {Split::kTestB, data.test_b}}) {
    catalog.names[split].resize(static_cast<size_t>(count));
  }
  return static_cast<int64_t>(ImageLayout(spec, catalog).end());
}

// Files of the same content under other names make the same run, which only digests show.
void require_different_runs(const std::vector<JobRun>& runs) {
  std::map<std::string, const JobRun*> first_of;
  for (const JobRun& run : runs) {
    const auto [first, is_new] = first_of.emplace(run.record.id, &run);
    if (is_new) continue;
    throw Error(ErrorKind::kInvalidSpec,
                fmt::format("two runs would be the same: {} and {} ({} %, seed {}) read files with "
                            "the same content",
                            first->second->record.variant, run.record.variant,
                            run.record.percentage, run.record.seed));
  }
}

// The weights files of a sweep. Each is digested once, and loaded once into every kind of networks
// that starts from it.
class WeightFiles {
 public:
  // Sets the digests. Throws Error(kData) for a file that does not fit.
  void check(const RunSpec& spec, InputFacts& facts) {
    if (uses_lpips(spec)) {
      facts.lpips_digest = digest(spec.loss.lpips_weights, "loss.lpips_weights");
      if (is_new(spec.loss.lpips_weights)) SslLoss{spec.loss};
    }
    const std::string& file = spec.train.initial_weights;
    if (file.empty()) return;
    facts.initial_weights_digest = digest(file, "train.initial_weights");
    if (is_new(file + values_of(spec, "model.") + std::to_string(spec.data.image_size))) {
      TrainState(spec, at::kCPU);
    }
  }

 private:
  const std::string& digest(const std::string& file, const char* key) {
    auto& known = digests_[file];
    if (!known.empty()) return known;
    if (!std::filesystem::is_regular_file(file)) {
      throw Error(ErrorKind::kData, fmt::format("{}: {}: no such file", key, file));
    }
    return known = sha256_of_file(file);
  }
  bool is_new(const std::string& use) { return tried_.insert(use).second; }

  std::map<std::string, std::string> digests_;
  std::set<std::string> tried_;
};

}  // namespace

std::string inputs_key(const RunSpec& spec) {
  return data_key(spec) + values_of(spec, "evaluate.") + spec.evaluate.extractor.digest;
}

JobPlan read_plan(const SweepOptions& options, const std::string& text) {
  JobPlan plan;
  plan.text = text;
  const auto base = options.file.has_parent_path() ? options.file.parent_path() : ".";
  const SweepSpec sweep = read_sweep(text, options.file.string(), options.sets, base.string());
  plan.name = sweep.name;
  plan.sweep_out = options.out.empty() ? std::filesystem::path("out") / sweep.name : options.out;
  plan.out = plan.sweep_out;
  if (!options.shard.empty()) {
    const Shard shard = shard_from_text(options.shard);
    plan.shard.index = shard.index;
    plan.shard.count = shard.count;
    plan.out = results::shard_folder(plan.sweep_out, shard.index, shard.count);
  }
  for (RunSpec& spec : expand(sweep)) plan.runs.push_back({std::move(spec), {}});
  return plan;
}

std::filesystem::path cache_folder(const JobPlan& plan) { return plan.sweep_out / "cache"; }

std::vector<DatasetSource> check_inputs(JobPlan& plan, bool dry_run) {
  check_writable(plan.out);
  std::vector<DatasetSource> sources;
  std::map<std::string, DataSummary> data;
  std::map<std::string, ExtractorFacts> extractors;
  std::set<std::string> reported;
  WeightFiles weights;
  for (JobRun& run : plan.runs) {
    const DatasetSpec& spec = run.spec.data;
    const std::string key = data_key(run.spec);
    if (!data.contains(key)) {
      const std::vector<SkippedFiles> skipped = skipped_files(spec);
      report_skipped_files(skipped, reported);
      DatasetSource& source = sources.emplace_back(spec, cache_folder(plan));
      data[key] = dry_run ? source.inspect() : source.prepare();
      require_scorable(data[key], spec);
      plan.image_bytes += image_bytes(spec, data[key]);
      if (std::string line = data_line(data[key], spec);
          std::find(plan.data_lines.begin(), plan.data_lines.end(), line) ==
          plan.data_lines.end()) {
        plan.data_lines.push_back(std::move(line));
      }
      note(data[key], spec, plan.data_notes);
      note_skipped_images(skipped, data[key].digest, plan.data_notes);
    }
    InputFacts facts;
    facts.data_digest = data[key].digest;
    const ExtractorSpec& extractor = run.spec.evaluate.extractor;
    const std::string file = extractor.kind == ExtractorKind::kRandomConv
                                 ? fmt::format("random_conv {}", spec.image_size)
                                 : fmt::format("{} {} {}", extractor.file, spec.image_size,
                                               values_of(run.spec, "evaluate.extractor."));
    if (!extractors.contains(file)) {
      extractors[file] = extractor_facts(extractor, spec.image_size);
    }
    facts.extractor_digest = extractors[file].digest;
    run.feature_count = extractors[file].feature_count;
    run.test_a = data[key].test_a * spec.tiles * spec.tiles;
    run.test_b = data[key].test_b * spec.tiles * spec.tiles;
    weights.check(run.spec, facts);
    count_images_and_steps(run.spec, data[key], facts);
    complete(run, facts);
  }
  require_different_runs(plan.runs);
  return sources;
}

std::string input_facts_of(const JobPlan& plan) {
  auto all = nlohmann::json::array();
  for (const JobRun& run : plan.runs) {
    const RunSpec& spec = run.spec;
    const results::PlannedRun& record = run.record;
    all.push_back(InputFacts{spec.data.digest, spec.evaluate.extractor.digest,
                             spec.loss.lpips_digest, spec.train.initial_weights_digest,
                             record.images_a, record.images_b, record.total_steps});
  }
  return all.dump();
}

void set_input_facts(JobPlan& plan, const std::string& text) {
  const auto all = nlohmann::json::parse(text).get<std::vector<InputFacts>>();
  for (size_t i = 0; i < plan.runs.size(); ++i) complete(plan.runs[i], all.at(i));
}

}  // namespace scgan::sweeps
