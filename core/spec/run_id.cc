#include "core/spec/run_id.h"

#include <fmt/format.h>

#include <map>
#include <string_view>

#include "core/base/sha256.h"
#include "core/spec/spec_keys.h"

namespace scgan {
namespace {

// Key path -> JSON text. std::map keeps the paths in byte order.
using JsonObject = std::map<std::string, std::string, std::less<>>;

std::string to_text(const JsonObject& object) {
  std::string text = "{";
  for (const auto& [path, value] : object) {
    if (text.size() > 1) text += ',';
    text += fmt::format("\"{}\":{}", path, value);
  }
  return text + "}";
}

JsonObject with_seed_and_digests(const RunSpec& spec) {
  return {{"seed", to_json(spec.seed)},
          {"data.digest", to_json(spec.data.digest)},
          {"evaluate.extractor.digest", to_json(spec.evaluate.extractor.digest)}};
}

// The rule of run_id.h.
bool can_act(std::string_view path, const RunSpec& spec) {
  if (path.starts_with("data.synthetic.")) return spec.data.kind == DataKind::kSynthetic;
  if (path == "data.load_size") return spec.data.crop;
  if (path == "data.percentile_low" || path == "data.percentile_high") {
    return spec.data.scaling == Scaling::kPercentile;
  }
  if (path == "data.subset") return spec.data.percentage < 100;
  if (path == "loss.lambda_ssl") return spec.model.discriminator == DiscriminatorKind::kFastGan;
  if (path == "loss.identity_mode") return spec.loss.lambda_identity != 0;
  if (path == "evaluate.extractor.digest") {
    return spec.evaluate.extractor.kind == ExtractorKind::kTorchScript;
  }
  return true;
}

}  // namespace

std::string canonical_json(const RunSpec& spec) {
  JsonObject object = with_seed_and_digests(spec);
  for (const SpecKey& key : spec_keys()) {
    if (key.in_run_id) object[key.path] = to_json(key.get(spec));
  }
  std::erase_if(object, [&](const auto& entry) { return !can_act(entry.first, spec); });
  return to_text(object);
}

std::string full_json(const RunSpec& spec) {
  JsonObject object = with_seed_and_digests(spec);
  object["sweep"] = to_json(spec.sweep);
  object["variant"] = to_json(spec.variant);
  object["axes"] = spec.axes;  // is JSON already
  for (const SpecKey& key : spec_keys()) object[key.path] = to_json(key.get(spec));
  return to_text(object);
}

std::string run_id(const RunSpec& spec) { return sha256_hex(canonical_json(spec)).substr(0, 16); }

}  // namespace scgan
