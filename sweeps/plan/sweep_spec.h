// SweepSpec: what a sweep file says, after strict reading; and the runs it stands for.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/spec/run_spec.h"
#include "core/spec/spec_keys.h"

namespace scgan::sweeps {

// key path -> value, in the order written.
using Assignments = std::vector<std::pair<std::string, SpecValue>>;

struct Variant {
  std::string name;
  Assignments presets;    // of the built-in it is or is based on; the file's own keys win over them
  Assignments overrides;  // written under `variants:`; win over the file's own keys
};

struct Axis {
  std::string key;
  std::vector<SpecValue> values;
};

struct Exclusion {    // a run that matches all of it is left out
  std::string where;  // for messages: "file.yaml:12"
  std::vector<std::pair<std::string, SpecValue>>
      conditions;  // "variant", "percentage", "seed" or an axis' key
};

struct SweepSpec {
  std::string name;
  Assignments base;  // keys set for all runs
  std::vector<Variant> variants;
  std::vector<double> percentages;
  std::vector<int64_t> seeds;
  std::vector<Axis> axes;
  std::vector<Exclusion> exclude;
  std::map<std::string, std::string>
      locations;  // key path -> where it is written ("file.yaml:12"), for messages
};

// One mistake in a sweep file.
struct SweepIssue {
  std::string where;    // "file.yaml:12" or "--set"
  std::string key;      // path of the key
  std::string message;  // what is wrong, what was expected, the nearest known key
};

}  // namespace scgan::sweeps
