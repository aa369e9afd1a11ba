#include "results/store/stored_spec.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "core/spec/run_id.h"
#include "core/spec/spec_keys.h"

namespace scgan::results {
namespace {

using Json = nlohmann::json;

bool knows_all(const SpecKey& key, const std::vector<std::string>& words) {
  return std::ranges::all_of(words, [&](const std::string& word) {
    return std::ranges::find(key.choices, word) != key.choices.end();
  });
}

// The value as the key's type; nullopt if it is of another type or has an unknown word.
std::optional<SpecValue> typed(const SpecKey& key, const Json& value) {
  switch (key.type) {
    case SpecType::kBool:
      if (value.is_boolean()) return value.get<bool>();
      break;
    case SpecType::kInteger:
      if (value.is_number_integer()) return value.get<int64_t>();
      break;
    case SpecType::kNumber:
      if (value.is_number()) return value.get<double>();
      break;
    case SpecType::kText:
    case SpecType::kPath:
      if (value.is_string()) return value.get<std::string>();
      break;
    case SpecType::kChoice:
      if (value.is_string() && knows_all(key, {value.get<std::string>()})) {
        return value.get<std::string>();
      }
      break;
    case SpecType::kChoiceList:
      if (!value.is_array()) break;
      if (!std::ranges::all_of(value, [](const Json& word) { return word.is_string(); })) break;
      if (auto words = value.get<std::vector<std::string>>(); knows_all(key, words)) return words;
      break;
  }
  return std::nullopt;
}

KeyValues to_values(const std::string& json) {
  KeyValues values;
  const Json object = Json::parse(json);
  for (const auto& [path, value] : object.items()) values[path] = value.dump();
  return values;
}

void read_digest(const Json& stored, const char* path, std::string& digest) {
  const auto found = stored.find(path);
  if (found != stored.end() && found->is_string()) digest = found->get<std::string>();
}

}  // namespace

StoredSpec read_stored_spec(const std::string& json) {
  static const std::vector<SpecKey> keys = spec_keys();
  Json stored = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!stored.is_object()) stored = Json::object();
  RunSpec spec;
  KeyValues unknown_reference, unknown_settings;
  for (const SpecKey& key : keys) {
    const auto found = stored.find(key.path);
    if (found == stored.end()) continue;
    if (const auto value = typed(key, *found)) {
      key.set(spec, *value);
    } else if (key.in_run_id) {
      unknown_settings[key.path] = found->dump();
      if (key.in_reference) unknown_reference[key.path] = found->dump();
    }
  }
  read_digest(stored, "loss.lpips_digest", spec.loss.lpips_digest);
  read_digest(stored, "train.initial_weights_digest", spec.train.initial_weights_digest);
  resolve_defaults(spec);
  spec.data.percentage =
      1;  // data.subset acts below 100 %, but the runs of all amounts belong together
  StoredSpec result{to_values(reference_json(spec)), to_values(canonical_json(spec))};
  for (const char* path : {"seed", "data.percentage", "data.digest", "evaluate.extractor.digest"}) {
    result.settings.erase(path);
  }
  for (auto& [path, value] : unknown_reference) result.reference[path] = value;
  for (auto& [path, value] : unknown_settings) result.settings[path] = value;
  return result;
}

}  // namespace scgan::results
