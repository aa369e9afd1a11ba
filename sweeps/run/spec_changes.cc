#include "sweeps/run/spec_changes.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "core/spec/run_id.h"

namespace scgan::sweeps {

std::vector<KeyChange> changes(const results::KeyValues& was, const results::KeyValues& is) {
  constexpr const char* kNoEffect = "without effect";
  std::vector<KeyChange> found;
  results::KeyValues all = was;
  all.insert(is.begin(), is.end());
  for (const auto& [path, value] : all) {
    const auto old = was.find(path), now = is.find(path);
    KeyChange change{path, old == was.end() ? kNoEffect : old->second,
                     now == is.end() ? kNoEffect : now->second};
    if (change.was != change.is) found.push_back(std::move(change));
  }
  return found;
}

results::KeyValues identity_of(const std::string& stored_spec) {
  const auto stored = nlohmann::json::parse(stored_spec, nullptr, /*allow_exceptions=*/false);
  const auto recovered = results::recover_spec(stored_spec);
  const auto identity = nlohmann::json::parse(canonical_json(recovered.spec));
  results::KeyValues values;
  for (const auto& [path, value] : identity.items()) {
    values[path] = stored.contains(path) ? value.dump() : kNotStored;
  }
  for (const std::string& path : recovered.unknown_keys) values[path] = stored.at(path).dump();
  return values;
}

}  // namespace scgan::sweeps
