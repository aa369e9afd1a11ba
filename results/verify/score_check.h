// The scores of a finished run, computed again from its kept features.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>

#include "core/spec/run_spec.h"
#include "results/store/records.h"
#include "results/verify/run_problems.h"

namespace scgan::results {

struct ScoreCheck {
  // Computed again.
  size_t scores = 0;
  // Those that cannot be, by name (Verification::other_scores).
  std::map<std::string, size_t> other_scores;
  Sentences problems;
};

ScoreCheck check_scores(const std::filesystem::path& folder, const StoredRun& run,
                        const RunSpec& spec);

}  // namespace scgan::results
