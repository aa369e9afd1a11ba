#include "results/verify/run_check.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/base/version.h"

namespace scgan::results {
namespace {

using Json = nlohmann::json;

// The spec must hash to the run's id. A spec of another version may have keys of which this version
// does not know whether they act.
void check_id(const StoredRun& run, const RecoveredSpec& recovered, const std::string& planned_by,
              RunProblems& problems, RunProblems& notes) {
  if (std::ranges::find(recovered.ids, run.plan.id) != recovered.ids.end()) return;
  if (!recovered.unknown_keys.empty() && planned_by != version_text()) {
    notes.add(
        "its id was not checked: it was planned by {}, and its spec has {}, which this "
        "version does not know",
        planned_by, fmt::join(recovered.unknown_keys, ", "));
    return;
  }
  problems.add("results.db: its spec hashes to {}: the spec or the id was changed",
               recovered.ids.front());
}

void check_labels(const StoredRun& run, const RunSpec& spec, RunProblems& problems) {
  const auto compare = [&](const char* column, const auto& in_row, const auto& in_spec) {
    if (in_row == in_spec) return;
    problems.add("results.db: its row has the {} {}, its spec has {}", column, in_row, in_spec);
  };
  compare("variant", run.plan.variant, spec.variant);
  compare("percentage", run.plan.percentage, spec.data.percentage);
  compare("seed", run.plan.seed, spec.seed);
  compare("data digest", run.plan.data_digest, spec.data.digest);
  const auto axes = [](const std::string& text) {
    const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    return json.is_discarded() ? text : json.dump();
  };
  compare("axes", axes(run.plan.axes), axes(spec.axes));
}

// A run becomes done in the same transaction as its last attempt, with its scores and files.
void check_state(const StoredRun& run, RunProblems& problems) {
  const bool ended_done = run.last_exit == ExitClass::kDone;
  if (run.state == RunState::kDone) {
    if (!ended_done) problems.add("results.db: is done, but no attempt ended as done");
    if (ended_done && run.last_step != run.plan.total_steps) {
      problems.add("results.db: is done after {} of {} steps", run.last_step, run.plan.total_steps);
    }
    return;
  }
  if (!run.metrics.empty() || !run.artifacts.empty()) {
    problems.add("results.db: is {}, but has final scores or files", to_string(run.state));
  }
  if (run.state == RunState::kFailed && (run.ended_attempts.empty() || ended_done)) {
    problems.add("results.db: is failed, but no attempt failed");
  }
}

struct WantedScore {
  std::string name;
  Subject subject;
  Statistic statistic;
};

bool is_same(const Metric& metric, const WantedScore& wanted, const std::string& direction) {
  return metric.name == wanted.name && metric.subject == wanted.subject &&
         metric.statistic == wanted.statistic && metric.direction == direction;
}

const Metric* find(const std::vector<Metric>& metrics, const WantedScore& wanted,
                   const std::string& direction) {
  const auto found = std::ranges::find_if(
      metrics, [&](const Metric& metric) { return is_same(metric, wanted, direction); });
  return found == metrics.end() ? nullptr : &*found;
}

const WantedScore kFid{"fid", Subject::kTranslated, Statistic::kFull};

// What every finished run scores in a direction. `fid` has the numbers of images.
std::vector<WantedScore> wanted_scores(const StoredRun& run, const RunSpec& spec,
                                       const std::string& direction) {
  std::vector<WantedScore> wanted = {kFid,
                                     {"kid", Subject::kTranslated, Statistic::kFull},
                                     {"kid", Subject::kTranslated, Statistic::kSubsetMean},
                                     {"fid", Subject::kUntranslated, Statistic::kFull},
                                     {"kid", Subject::kUntranslated, Statistic::kFull}};
  const Metric* fid = find(run.metrics, kFid, direction);
  if (fid == nullptr) return wanted;
  if (fid->n_real / 2 >= 2) {
    wanted.push_back({"fid", Subject::kRealHalves, Statistic::kFull});
    wanted.push_back({"kid", Subject::kRealHalves, Statistic::kFull});
  }
  const int64_t smallest = std::min({fid->n_real, fid->n_fake, spec.evaluate.kid_subset_size});
  if (spec.evaluate.kid_subsets > 1 && smallest < std::max(fid->n_real, fid->n_fake)) {
    wanted.push_back({"kid", Subject::kTranslated, Statistic::kSubsetStd});
  }
  // Versions that counted features measured the spread too. Only real images that do not vary have
  // none.
  const WantedScore count{kFeatureCount, Subject::kTranslated, Statistic::kFull};
  const WantedScore spread{kOutputSpread, Subject::kTranslated, Statistic::kFull};
  if (find(run.metrics, count, direction) != nullptr) wanted.push_back(spread);
  if (find(run.metrics, spread, direction) != nullptr) wanted.push_back(count);
  return wanted;
}

void check_presence(const StoredRun& run, const RunSpec& spec, RunProblems& problems) {
  const auto directions = scored_directions(spec);
  for (const std::string& direction : directions) {
    for (const WantedScore& wanted : wanted_scores(run, spec, direction)) {
      if (find(run.metrics, wanted, direction) != nullptr) continue;
      problems.add("results.db: is done, but has no {} of {}",
                   score_name(wanted.name, wanted.subject, wanted.statistic), direction);
    }
  }
  for (const Metric& metric : run.metrics) {
    const WantedScore score{metric.name, metric.subject, metric.statistic};
    if (std::ranges::find(directions, metric.direction) == directions.end()) {
      problems.add("results.db: has {} of {}, which its spec does not score", score_name(metric),
                   metric.direction);
    } else if (find(run.metrics, score, metric.direction) != &metric) {
      problems.add("results.db: has {} of {} twice", score_name(metric), metric.direction);
    }
  }
}

// The weights that are scored are the last ones, or the best of those scored during training.
std::optional<int64_t> scored_step(const StoredRun& run, const RunSpec& spec,
                                   const std::vector<Metric>& training) {
  if (spec.evaluate.checkpoint == CheckpointChoice::kLast) return run.plan.total_steps;
  std::optional<int64_t> best;
  if (spec.evaluate.directions.empty()) return best;
  const std::string direction = scored_directions(spec).front();
  double best_fid = std::numeric_limits<double>::infinity();
  for (const Metric& metric : training) {  // by step
    if (!is_same(metric, kFid, direction)) continue;
    std::vector<Metric> same_step;
    std::ranges::copy_if(training, std::back_inserter(same_step),
                         [&](const Metric& other) { return other.step == metric.step; });
    const double fid =
        is_collapsed(same_step, direction) ? std::numeric_limits<double>::infinity() : metric.value;
    if (best && !(fid < best_fid)) continue;
    best = metric.step;
    best_fid = fid;
  }
  return best;
}

void check_values(const StoredRun& run, const RunSpec& spec, const std::vector<Metric>& training,
                  RunProblems& problems) {
  const auto step = scored_step(run, spec, training);
  if (!step) problems.add("results.db: has no scores during training to choose the best from");
  for (const Metric& metric : run.metrics) {
    const std::string name = fmt::format("{} of {}", score_name(metric), metric.direction);
    if (!std::isfinite(metric.value)) {
      problems.add("results.db: its {} is {}, not a finite number", name, metric.value);
    }
    if (step && metric.step != *step) {
      problems.add("results.db: its {} is of step {}; {} is the {} one", name, metric.step, *step,
                   spec.evaluate.checkpoint == CheckpointChoice::kBest ? "best" : "last");
    }
    const std::string& extractor = spec.evaluate.extractor.digest;
    if (!extractor.empty() && metric.extractor_digest != extractor) {
      problems.add("results.db: its {} is by the extractor {}, its spec names {}", name,
                   metric.extractor_digest, extractor);
    }
  }
}

// With scores during training, the final weights were scored twice. Another attempt may have
// scored on another device, which changes bits.
void check_training(const StoredRun& run, const RunSpec& spec, const std::vector<Metric>& training,
                    RunProblems& problems) {
  if (spec.evaluate.every_epochs == 0 || run.plan.total_steps == 0 || run.attempts > 1) return;
  for (const Metric& metric : run.metrics) {
    if (!is_main_score(metric) || metric.name == kFeatureCount) continue;
    const auto same = std::ranges::find_if(training, [&](const Metric& other) {
      return other.step == metric.step && other.name == metric.name &&
             other.direction == metric.direction;
    });
    const std::string name = fmt::format("{} of {}", score_name(metric), metric.direction);
    if (same == training.end()) {
      if (metric.name != "fid") continue;  // older versions kept fewer scores
      problems.add("results.db: has no {} during training at step {}", name, metric.step);
    } else if (same->value != metric.value) {
      problems.add("results.db: its {} is {}, during training at the same step it was {}", name,
                   metric.value, same->value);
    }
  }
}

void check_files(const StoredRun& run, const RunSpec& spec, RunProblems& problems) {
  std::vector<std::string> wanted = {weights_path(run.plan.id, "netG_A"),
                                     weights_path(run.plan.id, "netG_B")};
  for (const std::string& direction : scored_directions(spec)) {
    wanted.push_back(features_path(run.plan.id, direction));
  }
  for (const std::string& path : wanted) {
    if (std::ranges::find(run.artifacts, path, &Artifact::path) != run.artifacts.end()) continue;
    problems.add("results.db: is done, but has no digest of {}", path);
  }
}

}  // namespace

std::vector<std::string> scored_directions(const RunSpec& spec) {
  std::vector<std::string> names;
  for (const Direction direction : spec.evaluate.directions) {
    names.emplace_back(direction == Direction::kAtoB ? "AtoB" : "BtoA");
  }
  return names;
}

std::string score_name(std::string name, Subject subject, Statistic statistic) {
  if (statistic != Statistic::kFull) name += std::string(" ") + to_string(statistic);
  if (subject == Subject::kUntranslated) name += " of untranslated images";
  if (subject == Subject::kRealHalves) name += " of the real halves";
  return name;
}

std::string score_name(const Metric& metric) {
  return score_name(metric.name, metric.subject, metric.statistic);
}

RunCheck check_run(const StoredRun& run, const RecoveredSpec& recovered,
                   const std::vector<Metric>& training, const std::string& planned_by) {
  RunProblems problems(run.plan), notes(run.plan);
  check_id(run, recovered, planned_by, problems, notes);
  check_labels(run, recovered.spec, problems);
  check_state(run, problems);
  if (run.state == RunState::kDone) {
    check_presence(run, recovered.spec, problems);
    check_values(run, recovered.spec, training, problems);
    check_training(run, recovered.spec, training, problems);
    check_files(run, recovered.spec, problems);
  }
  return {problems.take(), notes.take()};
}

}  // namespace scgan::results
