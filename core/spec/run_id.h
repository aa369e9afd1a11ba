// The name of a run: a hash of everything that decides its numbers.
#pragma once

#include <string>

#include "core/spec/run_spec.h"

namespace scgan {

// Canonical JSON of a resolved spec: one object, keys sorted, every key with in_run_id, the seed, the data
// set's and the extractor's digests. Equal text = equal run.
std::string canonical_json(const RunSpec& spec);

// The same with placement, paths, sweep and variant name as well: what plan.json and the store keep.
std::string full_json(const RunSpec& spec);

// First 16 hex digits of the SHA-256 of canonical_json.
std::string run_id(const RunSpec& spec);

}  // namespace scgan
