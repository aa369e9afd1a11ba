// Shards: the parts of a sweep that jobs with an output folder each train side by side. Pure
// functions of the runs, so that every job computes the same parts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/spec/run_spec.h"

namespace scgan::sweeps {

struct Shard {
  int index = 1;  // from 1
  int count = 1;
};

// "2/8". Throws Error(kInvalidSpec) if it is not I/K with 1 <= I <= K.
Shard shard_from_text(const std::string& text);

// Expected cost of training `steps` steps of a run, in units that mean something only in comparison
// with other runs: the multiplications of its convolutions, roughly. It grows with the steps, the
// batch, the pixels, the widths and the blocks. Scoring does not count.
double expected_cost(const RunSpec& run, int64_t steps);

struct RunCost {
  double cost = 0;
  // Runs of one kind may differ from others in what expected_cost() does not know.
  std::string kind;
};

// The shard of each run, from 1. The most expensive run comes first, and each goes to the shard
// with the least work so far (of equal ones the first); runs of equal cost are taken by kind, then
// in their order, so that each kind is spread evenly.
std::vector<int> shards_of(const std::vector<RunCost>& runs, int count);

}  // namespace scgan::sweeps
