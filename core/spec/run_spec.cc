#include "core/spec/run_spec.h"

#include <algorithm>
#include <cmath>

namespace scgan {

std::string_view to_string(InceptionInput variant) {
  return std::ranges::find(kInceptionInputs, variant, [](const auto& named) { return named.first; })
      ->second;
}

int64_t training_side(const DatasetSpec& data) {
  if (!data.crop) return data.image_size;
  if (data.load_size != 0) return data.load_size;
  // The published code resizes to 286 and crops to 256.
  return std::llround(static_cast<double>(data.image_size) * 286 / 256);
}

void resolve_defaults(RunSpec& spec) {
  DatasetSpec& data = spec.data;
  if (data.load_size == 0) data.load_size = training_side(data);
  ModelSpec& model = spec.model;
  const bool fastgan = model.discriminator == DiscriminatorKind::kFastGan;
  if (model.generator_blocks == 0) model.generator_blocks = data.image_size >= 256 ? 9 : 6;
  // One order, since it changes nothing: else it would change the run's id.
  std::ranges::sort(model.decoders);
  if (model.decoder_blocks == 0) model.decoder_blocks = data.image_size >= 128 ? 4 : 3;
  if (model.d_norm == Norm::kAuto) model.d_norm = fastgan ? Norm::kBatch : Norm::kInstance;
  if (model.d_spectral_norm == Switch::kAuto) {
    model.d_spectral_norm = fastgan ? Switch::kOn : Switch::kOff;
  }
}

bool has_ssl(const RunSpec& spec) {
  return spec.model.discriminator == DiscriminatorKind::kFastGan && !spec.model.decoders.empty() &&
         spec.loss.lambda_ssl != 0;
}

bool uses_lpips(const RunSpec& spec) {
  const SslDistance distance = spec.loss.ssl_distance;
  return has_ssl(spec) && (distance == SslDistance::kLpips || distance == SslDistance::kMseLpips);
}

}  // namespace scgan
