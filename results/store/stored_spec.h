// What a run's stored spec says about which scores can be compared.
#pragma once

#include <map>
#include <string>

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

}  // namespace scgan::results
