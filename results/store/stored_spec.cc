#include "results/store/stored_spec.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
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

void read_text(const Json& stored, const char* path, std::string& text) {
  const auto found = stored.find(path);
  if (found != stored.end() && found->is_string()) text = found->get<std::string>();
}

// What full_json() writes besides the keys.
void read_labels_and_digests(const Json& stored, RunSpec& spec) {
  read_text(stored, "sweep", spec.sweep);
  read_text(stored, "variant", spec.variant);
  read_text(stored, "data.digest", spec.data.digest);
  read_text(stored, "evaluate.extractor.digest", spec.evaluate.extractor.digest);
  read_text(stored, "loss.lpips_digest", spec.loss.lpips_digest);
  read_text(stored, "train.initial_weights_digest", spec.train.initial_weights_digest);
  if (const auto axes = stored.find("axes"); axes != stored.end()) spec.axes = axes->dump();
  const auto seed = stored.find("seed");
  if (seed != stored.end() && seed->is_number_integer()) spec.seed = seed->get<int64_t>();
}

struct TypedSpec {
  RunSpec spec;
  // Keys with a value that this version does not know.
  std::vector<const SpecKey*> unknown;
};

TypedSpec read_typed(const Json& stored) {
  TypedSpec result;
  for (const SpecKey& key : spec_keys()) {
    const auto found = stored.find(key.path);
    if (found == stored.end()) continue;
    if (const auto value = typed(key, *found)) {
      key.set(result.spec, *value);
    } else {
      result.unknown.push_back(&key);
    }
  }
  read_labels_and_digests(stored, result.spec);
  return result;
}

// An empty object for what is not a JSON object.
Json object_of(const std::string& json) {
  Json stored = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  return stored.is_object() ? stored : Json::object();
}

}  // namespace

void cut_number(std::string& json, const std::string& key) {
  const std::string start = "\"" + key + "\":";
  const size_t begin = json.find(start);
  if (begin == std::string::npos) return;
  const size_t end = json.find_first_of(",}", begin);
  json.erase(begin, end == std::string::npos ? end : end - begin);
}

StoredSpec read_stored_spec(const std::string& json) {
  const Json stored = object_of(json);
  auto [spec, unknown] = read_typed(stored);
  resolve_defaults(spec);
  spec.data.percentage =
      1;  // data.subset acts below 100 %, but the runs of all amounts belong together
  StoredSpec result{to_values(reference_json(spec)), to_values(canonical_json(spec))};
  for (const char* path : {"seed", "data.percentage", "data.digest", "evaluate.extractor.digest"}) {
    result.settings.erase(path);
  }
  for (const SpecKey* key : unknown) {
    if (!key->in_run_id) continue;
    result.settings[key->path] = stored.at(key->path).dump();
    if (key->in_reference) result.reference[key->path] = stored.at(key->path).dump();
  }
  return result;
}

RecoveredSpec recover_spec(const std::string& json) {
  const Json stored = object_of(json);
  auto [spec, unknown] = read_typed(stored);
  // What full_json() writes for any spec of this version.
  static const KeyValues known = to_values(full_json(RunSpec{}));
  RecoveredSpec result;
  std::set<std::string> paths;
  KeyValues acting, perhaps_acting;
  for (const auto& [path, value] : stored.items()) {
    paths.insert(path);
    if (!known.contains(path)) perhaps_acting[path] = value.dump();
  }
  for (const SpecKey* key : unknown) {
    result.unknown_keys.push_back(key->path);
    if (key->in_run_id) acting[key->path] = stored.at(key->path).dump();
  }
  result.ids = {run_id_by_keys(spec, paths, acting)};
  if (!perhaps_acting.empty()) {
    for (const auto& [path, value] : perhaps_acting) result.unknown_keys.push_back(path);
    perhaps_acting.insert(acting.begin(), acting.end());
    result.ids.push_back(run_id_by_keys(spec, paths, perhaps_acting));
  }
  result.spec = std::move(spec);
  return result;
}

}  // namespace scgan::results
