// SweepSpec: the content of a sweep file.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/spec/run_spec.h"
#include "core/spec/spec_keys.h"

namespace scgan::sweeps {

// Pairs of key path and value, in the order in which they are written.
using Assignments = std::vector<std::pair<std::string, SpecValue>>;

struct Variant {
  std::string name;
  // Of the built-in variant that it is or is based on. The file's keys override them.
  Assignments presets;
  // Written under `variants:`. They override the file's keys.
  Assignments overrides;
};

struct Axis {
  std::string key;
  std::vector<SpecValue> values;
};

// Excludes the runs that meet all of its conditions.
struct Exclusion {
  // "file.yaml:12", for messages.
  std::string location;
  // Required values of "variant", "percentage", "seed" or an axis' key.
  Assignments conditions;
};

struct SweepSpec {
  std::string name;
  // Keys that are set for all runs.
  Assignments base;
  std::vector<Variant> variants;
  std::vector<double> percentages;
  std::vector<int64_t> seeds;
  std::vector<Axis> axes;
  std::vector<Exclusion> exclude;
  // Key path -> where it is written ("file.yaml:12"), for messages.
  std::map<std::string, std::string> locations;
};

}  // namespace scgan::sweeps
