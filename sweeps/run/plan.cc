#include "sweeps/run/plan.h"

#include <fmt/format.h>
#include <unistd.h>

#include <map>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/sha256.h"
#include "core/data/dataset.h"
#include "core/data/sampler.h"
#include "core/data/subset.h"
#include "core/eval/feature_extractor.h"
#include "core/spec/run_id.h"
#include "sweeps/plan/expand.h"
#include "sweeps/plan/sweep_yaml.h"

namespace scgan::sweeps {
namespace {

// What of a data spec decides its files and their preparation.
std::string data_key(const DatasetSpec& spec) {
  return fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}", static_cast<int>(spec.kind), spec.root,
                     spec.image_size, spec.load_size, spec.crop, spec.tiles,
                     static_cast<int>(spec.scaling), spec.percentile_low, spec.percentile_high,
                     spec.synthetic.train_images, spec.synthetic.test_images, spec.synthetic.seed);
}

std::string dataset_label(const DatasetSpec& spec) {
  if (spec.kind == DataKind::kSynthetic) return "synthetic";
  auto root = std::filesystem::path(spec.root).lexically_normal();
  if (root.filename().empty()) root = root.parent_path();
  return root.filename().string();
}

// The nearest folder that exists must let us write.
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

void fill_record(JobRun& run, const DataSummary& data) {
  const RunSpec& spec = run.spec;
  results::PlannedRun& record = run.record;
  record.images_a = subset_size(data.train_a, spec.data.percentage);
  record.images_b = subset_size(data.train_b, spec.data.percentage);
  const Sampler sampler(spec.data, spec.seed, record.images_a, record.images_b,
                        spec.train.batch_size);
  record.total_steps = sampler.steps_per_epoch() * (spec.train.epochs + spec.train.decay_epochs);
}

void identify(JobRun& run) {
  const RunSpec& spec = run.spec;
  results::PlannedRun& record = run.record;
  record.id = run_id(spec);
  record.variant = spec.variant;
  record.percentage = spec.data.percentage;
  record.seed = spec.seed;
  record.axes = spec.axes;
  record.dataset = dataset_label(spec.data);
  record.data_digest = spec.data.digest;
  record.spec = full_json(spec);
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

}  // namespace

std::string inputs_key(const RunSpec& spec) {
  const EvalSpec& evaluate = spec.evaluate;
  return fmt::format("{}|{}|{}|{}|{}|{}", data_key(spec.data), evaluate.extractor.digest,
                     evaluate.extractor.file, evaluate.kid_subsets, evaluate.kid_subset_size,
                     evaluate.batch_size);
}

JobPlan read_plan(const SweepOptions& options, const std::string& text) {
  JobPlan plan;
  plan.text = text;
  const auto base = options.file.has_parent_path() ? options.file.parent_path() : ".";
  const SweepSpec sweep = read_sweep(text, options.file.string(), options.sets, base.string());
  plan.name = sweep.name;
  plan.out = options.out.empty() ? std::filesystem::path("out") / sweep.name : options.out;
  for (RunSpec& spec : expand(sweep)) plan.runs.push_back({std::move(spec), {}});
  return plan;
}

void check_inputs(JobPlan& plan) {
  check_writable(plan.out);
  std::map<std::string, DataSummary> data;
  std::map<std::string, std::string> extractors;
  for (JobRun& run : plan.runs) {
    DatasetSpec& spec = run.spec.data;
    const std::string key = data_key(spec);
    if (!data.contains(key)) {
      data[key] = inspect_data(spec);
      require_scorable(data[key], spec);
    }
    spec.digest = data[key].digest;
    ExtractorSpec& extractor = run.spec.evaluate.extractor;
    const std::string file = extractor.kind == ExtractorKind::kRandomConv
                                 ? fmt::format("random_conv {}", spec.image_size)
                                 : fmt::format("{} {}", extractor.file, spec.image_size);
    if (!extractors.contains(file)) {
      extractors[file] = make_feature_extractor(extractor, spec.image_size)->digest();
    }
    extractor.digest = extractors[file];
    fill_record(run, data[key]);
    identify(run);
  }
}

std::string digests_of(const JobPlan& plan) {
  auto rows = nlohmann::json::array();
  for (const JobRun& run : plan.runs) {
    rows.push_back({run.spec.data.digest, run.spec.evaluate.extractor.digest, run.record.images_a,
                    run.record.images_b, run.record.total_steps});
  }
  return rows.dump();
}

void set_digests(JobPlan& plan, const std::string& digests) {
  const auto rows = nlohmann::json::parse(digests);
  for (size_t i = 0; i < plan.runs.size(); ++i) {
    JobRun& run = plan.runs[i];
    run.spec.data.digest = rows.at(i).at(0);
    run.spec.evaluate.extractor.digest = rows.at(i).at(1);
    run.record.images_a = rows.at(i).at(2);
    run.record.images_b = rows.at(i).at(3);
    run.record.total_steps = rows.at(i).at(4);
    identify(run);
  }
}

}  // namespace scgan::sweeps
