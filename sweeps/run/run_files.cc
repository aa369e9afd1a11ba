#include "sweeps/run/run_files.h"

#include <fmt/format.h>

#include <utility>

#include "core/base/error.h"
#include "core/base/sha256.h"
#include "core/model/safetensors.h"

namespace scgan::sweeps {

const char* word(Direction direction) { return direction == Direction::kAtoB ? "AtoB" : "BtoA"; }

namespace {

// What numbers must have in common to be compared, besides the extractor.
std::string preprocessing_of(const RunSpec& spec, const FeatureExtractor& extractor,
                             int64_t scores) {
  std::string text = fmt::format("{}, {} px", extractor.preprocessing(), spec.data.image_size);
  if (spec.data.test_split == TestSplit::kTrain) text += ", training images";
  if (spec.evaluate.checkpoint == CheckpointChoice::kBest) {
    text += fmt::format(", best of {} scores", scores);
  }
  return text;
}

}  // namespace

void make_run_folder(const std::filesystem::path& folder) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) {
    throw Error(ErrorKind::kStorage,
                fmt::format("{}: cannot be made: {}", folder.string(), failed.message()));
  }
}

std::vector<results::Artifact> write_final_files(const std::filesystem::path& out,
                                                 const std::filesystem::path& folder,
                                                 const std::string& run_id, const TrainState& state,
                                                 const std::vector<Score>& scores) {
  std::vector<results::Artifact> artifacts;
  const auto write = [&](const std::string& name, const NamedTensors& tensors) {
    const auto file = folder / name;
    write_safetensors(file, tensors, {{"run_id", run_id}, {"step", std::to_string(state.step)}});
    artifacts.push_back({std::filesystem::relative(file, out).string(), sha256_of_file(file)});
  };
  write("netG_A.safetensors", network_tensors(*state.netG_A));
  write("netG_B.safetensors", network_tensors(*state.netG_B));
  for (const Score& score : scores) {
    write(fmt::format("features-{}.safetensors", word(score.direction)),
          {{"real", score.real_features}, {"fake", score.fake_features}});
  }
  return artifacts;
}

std::vector<results::Metric> metrics_of(const Score& score, const RunSpec& spec,
                                        const FeatureExtractor& extractor, int64_t step,
                                        int64_t scores) {
  std::vector<results::Metric> metrics;
  const std::string preprocessing = preprocessing_of(spec, extractor, scores);
  const auto add = [&](const char* name, double value, int64_t n_real, int64_t n_fake) {
    metrics.push_back({name, word(score.direction), step, value, n_real, n_fake, extractor.name(),
                       extractor.digest(), preprocessing});
  };
  add("fid", score.fid, score.n_real, score.n_fake);
  add("kid", score.kid.full, score.n_real, score.n_fake);
  add("kid_subset_mean", score.kid.subset_mean, score.n_real, score.n_fake);
  add("kid_subset_std", score.kid.subset_std, score.n_real, score.n_fake);
  // The untranslated images are the ones that were translated: as many as the fakes.
  add("fid_untranslated", score.fid_untranslated, score.n_real, score.n_fake);
  add("kid_untranslated", score.kid_untranslated, score.n_real, score.n_fake);
  if (score.half_size >= 2) {
    add("fid_real_halves", score.fid_real_halves, score.half_size, score.half_size);
    add("kid_real_halves", score.kid_real_halves, score.half_size, score.half_size);
  }
  const auto& [recovered, shares] = score.recovered;
  if (recovered) {
    add("recovered_change", *recovered, score.n_real, score.n_fake);
    add("recovered_change_untranslated", 0, score.n_real, score.n_fake);  // by its definition
  }
  if (recovered && score.recovered_real_halves) {
    add("recovered_change_real_halves", *score.recovered_real_halves, score.half_size,
        score.half_size);
  }
  for (const auto& [feature, share] : shares) {
    add(("recovered_" + feature).c_str(), share, score.n_real, score.n_fake);
  }
  return metrics;
}

}  // namespace scgan::sweeps
