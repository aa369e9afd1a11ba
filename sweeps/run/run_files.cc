#include "sweeps/run/run_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <system_error>
#include <utility>

#include "core/base/error.h"
#include "core/base/sha256.h"
#include "core/model/safetensors.h"
#include "core/train/checkpoint.h"
#include "sweeps/run/run_log.h"
#include "sweeps/run/sample_grid.h"

namespace scgan::sweeps {

const char* to_string(Direction direction) {
  return direction == Direction::kAtoB ? "AtoB" : "BtoA";
}

const char* to_string(Reduction reduction) {
  return reduction == Reduction::kCanonical ? "canonical" : "allreduce";
}

namespace {

// Only scores with equal preprocessing and extractor can be compared.
std::string preprocessing_of(const RunSpec& spec, const FeatureExtractor& extractor) {
  std::string text = fmt::format("{}, {} px", extractor.preprocessing(), spec.data.image_size);
  if (spec.data.test_split == TestSplit::kTrain) text += ", training images";
  return text;
}

using results::Statistic;
using results::Subject;

std::vector<results::Metric> all_metrics(const Score& score, const FeatureExtractor& extractor,
                                         const std::string& preprocessing, int64_t step) {
  std::vector<results::Metric> metrics;
  const auto add = [&](const std::string& name, Subject subject, Statistic statistic,
                       double value) {
    // The untranslated images are the sources of the fakes, so their number is the same.
    const bool halves = subject == Subject::kRealHalves;
    metrics.push_back({name, subject, statistic, to_string(score.direction), step, value,
                       halves ? score.half_size : score.n_real,
                       halves ? score.half_size : score.n_fake, extractor.name(),
                       extractor.digest(), preprocessing});
  };
  add("fid", Subject::kTranslated, Statistic::kFull, score.fid);
  add("kid", Subject::kTranslated, Statistic::kFull, score.kid.full);
  add("kid", Subject::kTranslated, Statistic::kSubsetMean, score.kid.subset_mean);
  if (score.kid.subset_std) {
    add("kid", Subject::kTranslated, Statistic::kSubsetStd, *score.kid.subset_std);
  }
  add("fid", Subject::kUntranslated, Statistic::kFull, score.reference.fid_untranslated);
  add("kid", Subject::kUntranslated, Statistic::kFull, score.reference.kid_untranslated);
  if (score.half_size >= 2) {
    add("fid", Subject::kRealHalves, Statistic::kFull, score.reference.fid_real_halves);
    add("kid", Subject::kRealHalves, Statistic::kFull, score.reference.kid_real_halves);
  }
  if (score.spread) {
    add(results::kOutputSpread, Subject::kTranslated, Statistic::kFull, *score.spread);
  }
  add(results::kFeatureCount, Subject::kTranslated, Statistic::kFull,
      static_cast<double>(score.real_features.size(1)));
  const auto& [recovered, shares] = score.recovered;
  if (recovered) {
    add("recovered_change", Subject::kTranslated, Statistic::kFull, *recovered);
    // By definition.
    add("recovered_change", Subject::kUntranslated, Statistic::kFull, 0);
  }
  if (const auto& halves = score.reference.recovered_real_halves; recovered && halves) {
    add("recovered_change", Subject::kRealHalves, Statistic::kFull, *halves);
  }
  for (const auto& [feature, share] : shares) {
    add("recovered_" + feature, Subject::kTranslated, Statistic::kFull, share);
  }
  return metrics;
}

}  // namespace

void make_run_folder(const std::filesystem::path& folder) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) {
    throw Error(ErrorKind::kStorage,
                fmt::format("{}: cannot be created: {}", folder.string(), failed.message()));
  }
}

std::vector<results::Artifact> write_final_files(const FinalFiles& files, const TrainState& state,
                                                 const std::vector<Score>& scores) {
  using Metadata = std::map<std::string, std::string>;
  const Metadata common{{"run_id", files.run_id}, {"step", std::to_string(files.step)}};
  std::vector<results::Artifact> artifacts;
  const auto add = [&](const std::filesystem::path& file, RunFile kind) {
    const auto& keep = files.placement.keep;
    artifacts.push_back({std::filesystem::relative(file, files.out).string(), sha256_of_file(file),
                         std::ranges::find(keep, kind) != keep.end()});
  };
  if (files.placement.sample_images > 0) {
    const auto folder = files.folder / "samples";
    make_run_folder(folder);
    write_sample_grid(folder / "final.png", state, files.data, files.placement.sample_images);
    add(folder / "final.png", RunFile::kSamples);
  }
  const auto write = [&](const std::string& name, RunFile kind, const NamedTensors& tensors,
                         Metadata metadata) {
    metadata.insert(common.begin(), common.end());
    write_safetensors(files.folder / name, tensors, metadata);
    add(files.folder / name, kind);
  };
  const auto write_generator = [&](const std::string& name, Generator& network,
                                   Direction direction) {
    write(name, RunFile::kWeights, network_tensors(network),
          {{"direction", to_string(direction)}, {kGeneratorInputKey, to_json_text(files.input)}});
  };
  write_generator("netG_A.safetensors", *state.netG_A, Direction::kAtoB);
  write_generator("netG_B.safetensors", *state.netG_B, Direction::kBtoA);
  for (const Score& score : scores) {
    write(fmt::format("features-{}.safetensors", to_string(score.direction)), RunFile::kFeatures,
          {{"real", score.real_features}, {"fake", score.fake_features}}, {});
  }
  add(files.folder / kLossFile, RunFile::kLog);
  return artifacts;
}

void remove_unkept(const std::filesystem::path& out, const results::StoredRun& run) {
  const auto folder = out / "runs" / run.plan.id;
  for (const results::Artifact& artifact : run.artifacts) {
    if (artifact.kept) continue;
    std::error_code ignored;  // a remaining file does no harm
    const auto file = out / artifact.path;
    std::filesystem::remove(file, ignored);
    if (file.filename() == kLossFile) std::filesystem::remove(folder / kTimeFile, ignored);
    const auto of_file = file.parent_path();  // of samples, with those from during training
    if (of_file.filename() == "samples") std::filesystem::remove_all(of_file, ignored);
  }
  CheckpointFolder(folder, run.plan.id).clear();
}

std::vector<results::Metric> final_metrics(const Score& score, const RunSpec& spec,
                                           const FeatureExtractor& extractor, int64_t step,
                                           int64_t scores) {
  std::string preprocessing = preprocessing_of(spec, extractor);
  if (spec.evaluate.checkpoint == CheckpointChoice::kBest) {
    preprocessing += fmt::format(", best of {} scores", scores);
  }
  return all_metrics(score, extractor, preprocessing, step);
}

std::vector<results::Metric> training_metrics(const Score& score, const RunSpec& spec,
                                              const FeatureExtractor& extractor, int64_t step) {
  auto metrics = all_metrics(score, extractor, preprocessing_of(spec, extractor), step);
  std::erase_if(metrics, [](const auto& metric) {
    return !results::is_main_score(metric) || metric.name == results::kFeatureCount;
  });
  return metrics;
}

}  // namespace scgan::sweeps
