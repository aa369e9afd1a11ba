#include "results/verify/score_check.h"

#include <cmath>
#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

#include "core/base/error.h"
#include "core/base/safetensors_header.h"
#include "results/verify/distances.h"
#include "results/verify/run_check.h"

namespace scgan::results {
namespace {

// What scgan_sweep compared in one direction.
struct Compared {
  Features real, fake;
};

Features read_features(OpenSafetensors& open, const TensorEntry& entry,
                       const std::filesystem::path& file) {
  if (entry.type != "F32" || entry.shape.size() != 2 || entry.shape[0] < 2 || entry.shape[1] < 1) {
    throw Error(ErrorKind::kData,
                fmt::format("{}: {} is not a table of float32 features of 2 or more images",
                            file.string(), entry.name));
  }
  using Table = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Table rows(entry.shape[0], entry.shape[1]);
  open.stream.read(reinterpret_cast<char*>(rows.data()),
                   static_cast<std::streamsize>(entry.end - entry.begin));
  if (!open.stream) {
    throw Error(ErrorKind::kData, fmt::format("{}: ends early or cannot be read", file.string()));
  }
  for (Eigen::Index i = 0; i < rows.rows(); ++i) {
    if (rows.row(i).allFinite()) continue;
    throw Error(ErrorKind::kData,
                fmt::format("{}: {}: a feature of image {} of {} is not a finite number",
                            file.string(), entry.name, i + 1, rows.rows()));
  }
  return rows.cast<double>();
}

// Throws Error(kData) if the file is not what run_files.h writes.
Compared read_compared(const std::filesystem::path& file) {
  OpenSafetensors open = open_safetensors(file);
  Compared compared;
  for (const TensorEntry& entry : open.header.tensors) {  // in the order of their bytes
    if (entry.name == "real")
      compared.real = read_features(open, entry, file);
    else if (entry.name == "fake")
      compared.fake = read_features(open, entry, file);
    else
      refuse_safetensors(file, "has a tensor " + entry.name + " besides real and fake");
  }
  if (compared.real.size() == 0 || compared.fake.size() == 0 ||
      compared.real.cols() != compared.fake.cols()) {
    refuse_safetensors(file, "real and fake are not two sets of features of one length");
  }
  return compared;
}

using ScoreKey = std::tuple<std::string, Subject, Statistic>;

struct Recomputed {
  Estimate estimate;
  int64_t n_real = 0, n_fake = 0;
};
using Scores = std::map<ScoreKey, Recomputed>;

void add_pair(Scores& scores, Subject subject, const Features& real, const Features& fake,
              const EvalSpec& spec) {
  const auto add = [&](const char* name, Statistic statistic, const Estimate& estimate) {
    scores[{name, subject, statistic}] = {estimate, real.rows(), fake.rows()};
  };
  add("fid", Statistic::kFull, frechet_distance(real, fake));
  const KernelDistance kid = kernel_distance(real, fake, spec.kid_subsets, spec.kid_subset_size);
  add("kid", Statistic::kFull, kid.full);
  if (subject != Subject::kTranslated) return;
  add("kid", Statistic::kSubsetMean, kid.subset_mean);
  add("kid", Statistic::kSubsetStd, kid.subset_std);
}

// `untranslated` are the features of the source images, if they were kept.
Scores recompute(const Compared& compared, const Features* untranslated, const EvalSpec& spec) {
  Scores scores;
  const Features& real = compared.real;
  add_pair(scores, Subject::kTranslated, real, compared.fake, spec);
  scores[{kFeatureCount, Subject::kTranslated, Statistic::kFull}] = {
      {.value = static_cast<double>(real.cols())}, real.rows(), compared.fake.rows()};
  if (untranslated != nullptr && untranslated->cols() == real.cols()) {
    add_pair(scores, Subject::kUntranslated, real, *untranslated, spec);
  }
  const Eigen::Index half = real.rows() / 2;
  if (half >= 2) {
    add_pair(scores, Subject::kRealHalves, real.topRows(half), real.bottomRows(half), spec);
  }
  return scores;
}

void compare(const Metric& metric, const Recomputed& recomputed, const std::string& path,
             RunProblems& problems) {
  const std::string name = fmt::format("{} of {}", score_name(metric), metric.direction);
  if (metric.n_real != recomputed.n_real || metric.n_fake != recomputed.n_fake) {
    problems.add("{}: {} compares {} with {} images, results.db says {} with {}", path, name,
                 recomputed.n_real, recomputed.n_fake, metric.n_real, metric.n_fake);
  }
  const Estimate& estimate = recomputed.estimate;
  if (estimate.agrees_with(metric.value)) return;
  problems.add("{}: gives {} = {}, results.db has {}; rounding explains {:.1g}", path, name,
               estimate.value, metric.value, estimate.tolerance());
}

using ByDirection = std::map<std::string, Compared>;

ByDirection read_all(const std::filesystem::path& folder, const StoredRun& run, const RunSpec& spec,
                     RunProblems& problems) {
  ByDirection all;
  for (const std::string& direction : scored_directions(spec)) {
    const std::filesystem::path file = folder / features_path(run.plan.id, direction);
    std::error_code unknown;
    if (!std::filesystem::exists(file, unknown)) continue;  // check_artifact says so
    try {
      all[direction] = read_compared(file);
    } catch (const Error& problem) {
      problems.add("{}", problem.what());
    }
  }
  return all;
}

}  // namespace

ScoreCheck check_scores(const std::filesystem::path& folder, const StoredRun& run,
                        const RunSpec& spec) {
  ScoreCheck check;
  RunProblems problems(run.plan);
  const ByDirection all = read_all(folder, run, spec, problems);
  std::map<std::string, Scores> recomputed;
  for (const auto& [direction, compared] : all) {
    // The real images of one direction are the sources of the other.
    const auto other = all.find(direction == "AtoB" ? "BtoA" : "AtoB");
    recomputed[direction] =
        recompute(compared, other == all.end() ? nullptr : &other->second.real, spec.evaluate);
  }
  for (const Metric& metric : run.metrics) {
    const Scores& scores = recomputed[metric.direction];
    const auto found = scores.find({metric.name, metric.subject, metric.statistic});
    if (found == scores.end()) {
      ++check.other_scores[score_name(metric)];
      continue;
    }
    ++check.scores;
    compare(metric, found->second, features_path(run.plan.id, metric.direction), problems);
  }
  check.problems = problems.take();
  return check;
}

}  // namespace scgan::results
