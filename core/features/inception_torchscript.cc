#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <optional>
#include <string>

#include "core/features/inception_extractor.h"
#include "core/features/inception_input.h"
#include "core/features/torchscript_file.h"

namespace scgan {
namespace {

constexpr const char* kReturnFeatures = "return_features";
constexpr const char* kLayers = "layers";
constexpr const char* kHowToMake =
    "tools/convert_inception.py converts the published weights into a safetensors file, which "
    "works "
    "as well";
constexpr const char* kOtherKind =
    "is not the published inception-2015-12-05.pt; for a module of your own set "
    "evaluate.extractor.kind: torchscript";

void check_module(const torch::jit::Module& module, const std::filesystem::path& file) {
  const auto forward = module.find_method("forward");
  if (!forward || !forward->function().getSchema().argumentIndexWithName(kReturnFeatures)) {
    refuse_extractor(
        file, fmt::format("its forward has no argument {}: it {}", kReturnFeatures, kOtherKind));
  }
  if (!module.hasattr(kLayers) || !module.attr(kLayers).isModule() ||
      !module.attr(kLayers).toModule().find_method("forward")) {
    refuse_extractor(file, fmt::format("has no sub-module {}: it {}", kLayers, kOtherKind));
  }
}

class ScriptedInception {
 public:
  ScriptedInception(std::filesystem::path file, InceptionInput variant, c10::Device device)
      : file_(std::move(file)),
        variant_(variant),
        device_(device),
        module_(load_torchscript(file_, kHowToMake)) {
    check_module(module_, file_);
    module_.to(device);
    layers_ = module_.attr(kLayers).toModule();
  }

  at::Tensor features(const at::Tensor& images) {
    c10::IValue result;
    try {
      result = run(images);
    } catch (const std::exception& problem) {
      module_failed(file_,
                    fmt::format("its features of images [{}]", fmt::join(images.sizes(), ", ")),
                    problem);
    }
    if (!result.isTensor())
      refuse_extractor(file_, "returns a " + result.tagKind() + " in place of features");
    return result.toTensor().flatten(1);
  }

 private:
  c10::IValue run(const at::Tensor& images) {
    if (variant_ != InceptionInput::kLegacyTensorflow) {
      return layers_.forward({inception_input(images, variant_).to(device_)});
    }
    // The module resizes and scales. Contiguous, because another layout could use another kernel.
    return module_.forward({images.to(device_).contiguous()}, {{kReturnFeatures, true}});
  }

  std::filesystem::path file_;
  InceptionInput variant_;
  c10::Device device_;
  torch::jit::Module module_, layers_;
};

}  // namespace

InceptionNetwork open_torchscript_inception(const std::filesystem::path& file,
                                            InceptionInput variant, c10::Device device) {
  const at::NoGradGuard no_grad;
  auto network = std::make_shared<ScriptedInception>(file, variant, device);
  // Small images suffice to see whether it runs.
  network->features(
      at::arange(3 * 32 * 32, at::kLong).remainder_(256).to(at::kByte).view({1, 3, 32, 32}));
  return [network](const at::Tensor& images) { return network->features(images); };
}

}  // namespace scgan
