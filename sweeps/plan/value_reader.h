// One written value -> SpecValue, strictly: what different YAML readers take for different things
// is refused.
#pragma once

#include <optional>
#include <string>

#include "core/spec/spec_keys.h"
#include "sweeps/plan/yaml_tree.h"

namespace scgan::sweeps {

// The value of `key`, in its range. nullopt after an issue was added (named by key.path).
//   booleans: true, false (not yes, no, on, off, True)
//   integers: decimal digits without leading zeros, underscores, 0x, 0o, exponents, quotes; `auto`
//   where allowed numbers: as in JSON lists of choices: a YAML list, or one text with commas
std::optional<SpecValue> read_value(const YamlNode& node, const SpecKey& key, IssueList& issues);

// The same for a key outside the table (sweep.percentages, sweep.seeds.count, ...).
SpecKey integer_key(const std::string& path, double min, double max);
SpecKey number_key(const std::string& path, double min, double max);

// Equal as written in canonical text.
bool same_value(const SpecValue& a, const SpecValue& b);

}  // namespace scgan::sweeps
