// What the store says of one run, against itself: its id, state, scores and files must fit its
// spec.
#pragma once

#include <string>
#include <vector>

#include "results/store/records.h"
#include "results/store/stored_spec.h"
#include "results/verify/run_problems.h"

namespace scgan::results {

struct RunCheck {
  Sentences problems;
  // Why the id could not be checked.
  Sentences notes;
};

// `training` are the run's scores during training, `planned_by` the version of scgan_sweep.
RunCheck check_run(const StoredRun& run, const RecoveredSpec& recovered,
                   const std::vector<Metric>& training, const std::string& planned_by);

// "AtoB", "BtoA": the directions that the run scores.
std::vector<std::string> scored_directions(const RunSpec& spec);

// "fid of untranslated images", "kid subset_mean", "output_spread".
std::string score_name(const Metric& metric);
std::string score_name(std::string name, Subject subject, Statistic statistic);

}  // namespace scgan::results
