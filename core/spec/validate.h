// Checks the rules between the fields of a RunSpec, beyond each key's own range.
#pragma once

#include <string>
#include <vector>

#include "core/spec/run_spec.h"

namespace scgan {

struct SpecIssue {
  std::string key;      // path of the key to change
  std::string message;  // the problem and how to correct it
};

// Returns all issues; empty = valid. Takes a resolved spec and reads no file.
std::vector<SpecIssue> validate(const RunSpec& spec);

// Ranks that one run can use: the powers of two that divide batch_size / micro_batch, ascending,
// from 1.
std::vector<int> possible_ranks_per_run(const RunSpec& spec);

}  // namespace scgan
