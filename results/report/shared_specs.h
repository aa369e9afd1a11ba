// The stored specs of many runs, each different one read once: the runs of a cell differ only in
// seed and percentage.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>

#include "results/store/records.h"
#include "results/store/stored_spec.h"

namespace scgan::results {

struct SharedSpec {
  StoredSpec keys;
  // All keys as stored, without seed and percentage.
  KeyValues all;
  // Digest of keys.settings.
  std::string settings_digest;
  // Equal for equal keys.reference.
  size_t reference_id = 0;
};

class SharedSpecs {
 public:
  // Valid as long as this object.
  const SharedSpec& of(const StoredRun& run);

 private:
  std::unordered_map<std::string, std::unique_ptr<SharedSpec>> specs_;
  std::unordered_map<std::string, size_t> reference_ids_;
};

// The value of a key as text: "dtype", "64"; empty if the spec does not have the key.
std::string spec_value(const SharedSpec& spec, const std::string& key);

// A JSON value as text, without the quotation marks of a string.
std::string plain_text(const std::string& json);

}  // namespace scgan::results
