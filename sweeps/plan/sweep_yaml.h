// YAML text -> SweepSpec. Unknown and duplicate keys, wrong types and values out of range are
// errors with their lines. docs/spec.md describes the file.
#pragma once

#include <string>
#include <vector>

#include "sweeps/plan/sweep_spec.h"

namespace scgan::sweeps {

// `file_name` is for messages. `sets` are the --set flags, "key=value" with the value in YAML. They
// replace what the file says, sweep.* keys included; of two flags for one key the later one wins.
// Relative paths (data.root, evaluate.extractor.file) in the file are relative to `base_folder`,
// those in flags to the current folder; both are made absolute. Throws Error(kInvalidSpec), which
// lists all mistakes, one per line: "file.yaml:12: train.epoch: ...".
SweepSpec read_sweep(const std::string& text, const std::string& file_name,
                     const std::vector<std::string>& sets, const std::string& base_folder);

}  // namespace scgan::sweeps
