#include "core/features/inception_extractor.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/sha256.h"
#include "core/features/inception_input.h"
#include "core/features/inception_v3.h"
#include "core/model/safetensors.h"

namespace scgan {
namespace {

// SHA-256 of pt_inception-2015-12-05-6726825d.pth, whose name holds its first digits, and of
// inception-2015-12-05.pt.
constexpr std::string_view kPublishedStateDict =
    "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2";
constexpr std::string_view kPublishedTorchScript =
    "f58cb9b6ec323ed63459aa4fb441fe750cfe39fafad6da5cb504a16f19e958f4";

// The published network, or the reason why it is not.
struct Opened {
  InceptionNetwork network;
  std::string objection;  // "" = none
};

[[noreturn]] void refuse(const std::filesystem::path& file, std::string_view reason) {
  throw Error(ErrorKind::kData, fmt::format("{}: {}", file.string(), reason));
}

// Whether the file is TorchScript. Refuses files that are not safetensors either.
bool is_torchscript(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) refuse(file, "cannot be opened");
  std::array<char, 9> start{};
  stream.read(start.data(), start.size());
  const std::string_view bytes(start.data(), static_cast<size_t>(stream.gcount()));
  if (bytes.starts_with("PK\x03\x04")) return true;
  if (!bytes.ends_with('{') || bytes.size() < start.size()) {
    refuse(file,
           "is neither safetensors nor TorchScript; tools/convert_inception.py makes the former of "
           "the published pt_inception-2015-12-05-6726825d.pth");
  }
  return false;
}

Opened open_state_dict(const ExtractorSpec& spec, c10::Device device) {
  const SafetensorsFile content = read_safetensors(spec.file);
  auto network = std::make_shared<InceptionV3>();
  load_inception_weights(*network, content.tensors, spec.file);
  network->to(device);
  Opened opened;
  const auto source = content.metadata.find("source_sha256");
  if (source == content.metadata.end()) {
    opened.objection =
        "its metadata has no source_sha256, with which tools/convert_inception.py records that it "
        "is made from the published weights";
  } else if (source->second != kPublishedStateDict) {
    opened.objection = fmt::format(
        "is made from a file with SHA-256 {}, not from the published "
        "pt_inception-2015-12-05-6726825d.pth",
        source->second);
  }
  opened.network = [network = std::move(network), variant = spec.variant,
                    device](const at::Tensor& images) {
    return network->forward(inception_input(images, variant).to(device));
  };
  return opened;
}

Opened open_torchscript(const ExtractorSpec& spec, const std::string& digest, c10::Device device) {
  Opened opened{open_torchscript_inception(spec.file, spec.variant, device), ""};
  if (digest != kPublishedTorchScript) {
    opened.objection =
        fmt::format("has SHA-256 {}, not that of the published inception-2015-12-05.pt", digest);
  }
  return opened;
}

class InceptionExtractor final : public FeatureExtractor {
 public:
  InceptionExtractor(const ExtractorSpec& spec, Opened opened, std::string digest)
      : file_(spec.file),
        variant_(spec.variant),
        network_(std::move(opened.network)),
        name_(opened.objection.empty() ? "inception_v3" : "inception_v3 with other weights"),
        digest_(std::move(digest)) {}

  at::Tensor features(const at::Tensor& images) const override {
    const at::NoGradGuard no_grad;
    if (images.dim() != 4 || images.size(1) != 3 || images.scalar_type() != at::kByte ||
        images.numel() == 0) {
      throw Error(ErrorKind::kData, "inception_v3 needs images uint8 [N, 3, H, W]");
    }
    at::Tensor features = network_(images).to(at::kCPU, at::kFloat).contiguous();
    if (features.sizes() != at::IntArrayRef{images.size(0), kInceptionFeatures}) {
      refuse(file_,
             fmt::format("returns features [{}]; those of Inception-v3 are [{}, {}]",
                         fmt::join(features.sizes(), ", "), images.size(0), kInceptionFeatures));
    }
    if (!features.isfinite().all().item<bool>())
      refuse(file_, "returns features that are not finite");
    return features;
  }
  std::string name() const override { return name_; }
  std::string digest() const override { return digest_; }
  std::string preprocessing() const override {
    return fmt::format("{} {}", to_string(variant_), kInceptionSide);
  }

 private:
  std::filesystem::path file_;
  InceptionInput variant_;
  InceptionNetwork network_;
  std::string name_;
  std::string digest_;
};

}  // namespace

std::unique_ptr<FeatureExtractor> open_inception_extractor(const ExtractorSpec& spec,
                                                           c10::Device device) {
  const bool script = is_torchscript(spec.file);
  std::string digest = sha256_of_file(spec.file);
  Opened opened = script ? open_torchscript(spec, digest, device) : open_state_dict(spec, device);
  if (!opened.objection.empty()) {
    log::warn("{}: {}: FID and KID cannot be compared with published ones", spec.file,
              opened.objection);
  }
  return std::make_unique<InceptionExtractor>(spec, std::move(opened), std::move(digest));
}

}  // namespace scgan
