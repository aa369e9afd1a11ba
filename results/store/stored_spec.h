// What a run's stored spec says about which scores can be compared.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/spec/run_spec.h"

namespace scgan::results {

// Key path -> JSON text of its value.
using KeyValues = std::map<std::string, std::string>;

struct StoredSpec {
  // The keys that decide what a model is compared with: those of reference_json().
  KeyValues reference;
  // All keys that act in the run and the digests of its weights files, without seed, percentage,
  // data and extractor: what runs of one cell have in common.
  KeyValues settings;
};

// `json` is PlannedRun::spec. A key that it does not have, because an older version wrote it, has
// its default. A value that this version does not know is kept as it is.
StoredSpec read_stored_spec(const std::string& json);

struct RecoveredSpec {
  // With the seed, the digests and the labels. A key that the JSON lacks has its default.
  RunSpec spec;
  // Keys whose path or value this version does not know.
  std::vector<std::string> unknown_keys;
  // The ids of a run with this spec. Only keys of the JSON are hashed: those that it lacks did not
  // exist when the run was planned. More than one if there are unknown keys, which may act or not.
  std::vector<std::string> ids;
};

// The spec of a run, and the ids that it hashes to, whatever id the store has.
RecoveredSpec recover_spec(const std::string& json);

// Cuts `"key":value` out of a stored spec (sorted keys, numbers without spaces), so that the specs
// of many runs that differ in this key only are equal.
void cut_number(std::string& json, const std::string& key);

}  // namespace scgan::results
