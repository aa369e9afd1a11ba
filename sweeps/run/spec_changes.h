// In which keys two runs differ.
#pragma once

#include <string>
#include <vector>

#include "results/store/stored_spec.h"

namespace scgan::sweeps {

struct KeyChange {
  std::string path;
  // JSON; "without effect" of a key that does not act.
  std::string was, is;
};

// The keys whose values differ, by path.
std::vector<KeyChange> changes(const results::KeyValues& was, const results::KeyValues& is);

// All keys, the seed and the digests that make the run's id, from its stored spec. A key that the
// stored spec does not have, because an older version wrote it, has the value kNotStored.
inline constexpr const char* kNotStored = "not known to the version that stored the run";
results::KeyValues identity_of(const std::string& stored_spec);

}  // namespace scgan::sweeps
