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
          {"evaluate.extractor.digest", to_json(spec.evaluate.extractor.digest)},
          {"loss.lpips_digest", to_json(spec.loss.lpips_digest)},
          {"train.initial_weights_digest", to_json(spec.train.initial_weights_digest)}};
}

bool data_key_can_act(std::string_view path, const DatasetSpec& data) {
  if (path.starts_with("data.synthetic.")) return data.kind == DataKind::kSynthetic;
  if (path == "data.load_size") return data.crop;
  if (path == "data.percentile_low" || path == "data.percentile_high") {
    return data.scaling == Scaling::kPercentile;
  }
  if (path == "data.subset") return data.percentage < 100 || data.subset_images > 0;
  if (path == "data.subset_images") return data.subset_images > 0;
  return true;
}

bool is_fastgan_key(std::string_view path) {
  for (const char* key : {"model.d_small_branch", "model.d_se", "model.decoders",
                          "model.decoder_blocks", "model.part_size", "model.part_position"}) {
    if (path == key) return true;
  }
  return path == "loss.lambda_ssl" || path.starts_with("loss.ssl_");
}

bool model_key_can_act(std::string_view path, const RunSpec& spec) {
  if (!is_fastgan_key(path)) return true;
  if (spec.model.discriminator != DiscriminatorKind::kFastGan) return false;
  if (path == "model.d_small_branch" || path == "model.d_se") return true;
  if (path == "model.decoders" || path == "loss.lambda_ssl") return true;
  return has_ssl(spec);
}

bool train_key_can_act(std::string_view path, const TrainSpec& train) {
  if (path == "train.schedule_period") {
    return train.schedule != LrSchedule::kLinear && train.schedule != LrSchedule::kLinearAll;
  }
  if (path == "train.initial_weights_digest") return !train.initial_weights_digest.empty();
  return true;
}

// The rule of run_id.h.
bool can_act(std::string_view path, const RunSpec& spec) {
  if (path.starts_with("data.")) return data_key_can_act(path, spec.data);
  if (path.starts_with("train.")) return train_key_can_act(path, spec.train);
  const ExtractorKind extractor = spec.evaluate.extractor.kind;
  // Acts on a GPU only. Its default must not change the ids of runs on a CPU.
  if (path == "run.reflection_padding") {
    return spec.run.reflection_padding != ReflectionPadding::kNative;
  }
  if (path == "loss.identity_mode") return spec.loss.lambda_identity != 0;
  if (path == "loss.lpips_digest") return uses_lpips(spec);
  if (path == "evaluate.extractor.digest") return extractor != ExtractorKind::kRandomConv;
  if (path == "evaluate.extractor.variant") return extractor == ExtractorKind::kInceptionV3;
  return model_key_can_act(path, spec);
}

JsonObject acting_keys(const RunSpec& spec) {
  JsonObject object = with_seed_and_digests(spec);
  for (const SpecKey& key : spec_keys()) {
    if (key.in_run_id) object[key.path] = to_json(key.get(spec));
  }
  std::erase_if(object, [&](const auto& entry) { return !can_act(entry.first, spec); });
  return object;
}

std::string id_of(const JsonObject& object) { return sha256_hex(to_text(object)).substr(0, 16); }

}  // namespace

std::string canonical_json(const RunSpec& spec) { return to_text(acting_keys(spec)); }

std::string reference_json(const RunSpec& spec) {
  JsonObject object;
  for (const SpecKey& key : spec_keys()) {
    if (key.in_reference && can_act(key.path, spec)) object[key.path] = to_json(key.get(spec));
  }
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

std::string run_id(const RunSpec& spec) { return id_of(acting_keys(spec)); }

std::string run_id_by_keys(const RunSpec& spec, const std::set<std::string>& known,
                           const std::map<std::string, std::string>& others) {
  JsonObject object = acting_keys(spec);
  std::erase_if(object, [&](const auto& entry) { return !known.contains(entry.first); });
  for (const auto& [path, value] : others) object[path] = value;
  return id_of(object);
}

}  // namespace scgan
