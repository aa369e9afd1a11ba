// YAML text -> SweepSpec. Strict: unknown and duplicate keys, wrong types and values out of range
// are errors with file:line, all at once. docs/spec.md describes the file.
#pragma once

#include <string>
#include <vector>

#include "sweeps/plan/sweep_spec.h"

namespace scgan::sweeps {

// `file_name` is for messages. `sets` are the --set flags, "key=value" with the value in YAML; they
// replace what the file says (and may set sweep.* keys), and of two for one key the later wins.
// Relative paths (data.root, evaluate.extractor.file) of the file are taken relative to
// `base_folder`, those of --set relative to the current folder; both come out absolute. Throws
// Error(kInvalidSpec) whose message lists every issue, one per line: "file.yaml:12: train.epoch:
// ...".
SweepSpec read_sweep(const std::string& text, const std::string& file_name,
                     const std::vector<std::string>& sets, const std::string& base_folder);

}  // namespace scgan::sweeps
