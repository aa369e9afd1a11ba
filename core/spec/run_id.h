// The id of a run: a hash of everything that decides its numbers.
#pragma once

#include <map>
#include <set>
#include <string>

#include "core/spec/run_spec.h"

namespace scgan {

// Canonical JSON of a resolved spec: one flat object {"key.path":value,...} without spaces, sorted
// by key path, of every key with in_run_id, "seed", and the digests of the data set and of
// the files that the run uses. Equal text = equal run.
//
// Keys without effect are omitted, so that a run keeps its id when one of them changes or gets a
// new default:
//   data.synthetic.*                       unless data.kind is synthetic
//   data.load_size                         unless data.crop
//   data.percentile_low, percentile_high   unless data.scaling is percentile
//   data.subset                            at 100 %
//   loss.lambda_ssl                        unless model.discriminator is fastgan
//   loss.identity_mode                     when loss.lambda_identity is 0
//   evaluate.extractor.digest              when evaluate.extractor.kind is random_conv
std::string canonical_json(const RunSpec& spec);

// The part of canonical_json that decides what a model is compared with: every key with
// in_reference that has an effect. Scores can be compared if it is equal, and the digests of the
// data and of the extractor are too.
std::string reference_json(const RunSpec& spec);

// All keys in the same form, with placement and paths, and "sweep", "variant", "axes" (an object),
// "seed" and both digests as well: what plan.json and the store keep.
std::string full_json(const RunSpec& spec);

// First 16 hex digits of the SHA-256 of canonical_json.
std::string run_id(const RunSpec& spec);

// The id that another version of this program gave the run, which had only the keys `known` of
// canonical_json, and `others` (key path -> JSON text) besides or in their place.
std::string run_id_by_keys(const RunSpec& spec, const std::set<std::string>& known,
                           const std::map<std::string, std::string>& others);

}  // namespace scgan
