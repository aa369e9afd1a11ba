// The files of runs: whether they are what the store or their manifest says, and carry the id of
// their run.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "results/store/records.h"
#include "results/verify/run_problems.h"

namespace scgan::results {

// The file must exist, have the stored SHA-256 and, as every safetensors file of a run does, name
// the run in its metadata. Reads it in small pieces.
Sentences check_artifact(const std::filesystem::path& folder, const StoredRun& run,
                         const Artifact& artifact);

struct CheckpointCheck {
  // Checkpoints found.
  size_t files = 0;
  Sentences problems;
};

// The checkpoints in runs/<run_id>; `name` begins the sentences. A checkpoint that a running sweep
// removes meanwhile is skipped.
CheckpointCheck check_checkpoints(const std::filesystem::path& folder, const std::string& run_id,
                                  const std::string& name);

}  // namespace scgan::results
