// The runs of several stores, each once.
#pragma once

#include <string>
#include <vector>

#include "results/report/report_input.h"

namespace scgan::results {

struct MergedRuns {
  // Each run id once, ordered by store and plan. Of a run in several stores, a done one is
  // preferred.
  std::vector<const StoredRun*> runs;
  // Parallel to `runs`: the store that each comes from.
  std::vector<const ReportInput*> sources;
  // One sentence for everything that is wrong with the shards of an input, and for every run that
  // has different results in two stores.
  std::vector<std::string> conflicts;
};

// `inputs` must outlive the result.
MergedRuns merge_runs(const std::vector<ReportInput>& inputs);

}  // namespace scgan::results
