// The table of keys: path, type, range, unit and meaning of every field of a RunSpec, in one place.
// The YAML reader, --set, the canonical text behind the run id, and the check of docs/spec.md all
// use this table and so cannot disagree.
#pragma once

#include <string>
#include <vector>

#include "core/spec/spec_key.h"

namespace scgan {

// All keys, in the order of the documentation. Made once.
const std::vector<SpecKey>& spec_keys();

// What a sweep file may write for this type: "integer >= 1", "one of patch, fastgan", ...
std::string expected(const SpecKey& key);

// Canonical text of a value: JSON, shortest round-trip numbers.
std::string to_json(const SpecValue& value);

}  // namespace scgan
