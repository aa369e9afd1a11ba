#include "results/report/shared_specs.h"

#include <nlohmann/json.hpp>

#include "core/base/sha256.h"

namespace scgan::results {
namespace {

using Json = nlohmann::json;

}  // namespace

const SharedSpec& SharedSpecs::of(const StoredRun& run) {
  std::string text = run.plan.spec;
  cut_number(text, "seed");
  cut_number(text, "data.percentage");
  const auto [found, is_new] = specs_.try_emplace(std::move(text));
  if (!is_new) return *found->second;
  auto spec = std::make_unique<SharedSpec>();
  spec->keys = read_stored_spec(run.plan.spec);
  spec->settings_digest = sha256_hex(Json(spec->keys.settings).dump());
  spec->reference_id =
      reference_ids_.try_emplace(Json(spec->keys.reference).dump(), reference_ids_.size())
          .first->second;
  const Json stored = Json::parse(run.plan.spec, nullptr, /*allow_exceptions=*/false);
  if (stored.is_object()) {
    for (const auto& [path, value] : stored.items()) {
      if (path != "seed" && path != "data.percentage") spec->all[path] = value.dump();
    }
  }
  found->second = std::move(spec);
  return *found->second;
}

std::string spec_value(const SharedSpec& spec, const std::string& key) {
  const auto found = spec.all.find(key);
  return found == spec.all.end() ? "" : plain_text(found->second);
}

std::string plain_text(const std::string& json) {
  if (!json.starts_with('"')) return json;
  return Json::parse(json).get<std::string>();
}

}  // namespace scgan::results
