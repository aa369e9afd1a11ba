// A node of a sweep file -> SpecValue. Spellings that YAML readers interpret differently are
// errors.
#pragma once

#include <optional>
#include <string>

#include "core/spec/spec_keys.h"
#include "sweeps/plan/yaml_tree.h"

namespace scgan::sweeps {

// Returns the value of `key`, checked against its range; or adds an issue and returns nullopt.
//   booleans          true or false, not yes, no, on, off or True
//   integers          decimal digits without leading zeros, underscores, 0x, 0o, exponents and
//                     quotes; `auto` where the key allows it
//   numbers           as in JSON
//   lists of choices  a YAML list, or one text with commas
std::optional<SpecValue> read_value(const YamlNode& node, const SpecKey& key, IssueList& issues);

// Keys that are not in the table of spec_keys.h (sweep.percentages, sweep.seeds.count, ...).
SpecKey integer_key(const std::string& path, double min, double max);
SpecKey number_key(const std::string& path, double min, double max);

// Whether the canonical texts are equal.
bool same_value(const SpecValue& a, const SpecValue& b);

}  // namespace scgan::sweeps
