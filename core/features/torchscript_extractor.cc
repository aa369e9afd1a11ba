#include "core/features/torchscript_extractor.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <exception>
#include <filesystem>
#include <string>

#include "core/base/sha256.h"
#include "core/features/torchscript_file.h"

namespace scgan {
namespace {

constexpr const char* kHowToMakeModule = "in Python, torch.jit.script(module).save(file) makes one";

void check_forward(const torch::jit::Module& module, const std::filesystem::path& file) {
  const auto forward = module.find_method("forward");
  if (!forward) refuse_extractor(file, "its module has no forward method");
  const auto& arguments = forward->function().getSchema().arguments();
  if (arguments.size() != 2) {  // self comes first
    refuse_extractor(
        file,
        fmt::format("its forward takes {} arguments, but must take one, images uint8 [N, 3, H, W]; "
                    "script a module around it that sets the others",
                    arguments.size() - 1));
  }
}

class TorchScriptExtractor final : public FeatureExtractor {
 public:
  TorchScriptExtractor(const std::filesystem::path& file, c10::Device device)
      : file_(file),
        device_(device),
        module_(load_torchscript(file, kHowToMakeModule)),
        digest_(sha256_of_file(file)) {
    check_forward(module_, file_);
    module_.to(device);
  }

  at::Tensor features(const at::Tensor& images) const override {
    const at::NoGradGuard no_grad;
    // Contiguous, because another memory layout could use another kernel, with other bits.
    const at::Tensor input = images.to(device_).contiguous();
    c10::IValue result;
    try {
      result = module_.forward({input});
    } catch (const std::exception& problem) {
      module_failed(file_, fmt::format("forward(uint8 [{}])", fmt::join(images.sizes(), ", ")),
                    problem);
    }
    return checked(result, images.size(0));
  }
  std::string name() const override { return file_.filename().string(); }
  std::string digest() const override { return digest_; }
  std::string preprocessing() const override { return "uint8 RGB"; }

 private:
  at::Tensor checked(const c10::IValue& result, int64_t count) const {
    const std::string expected =
        fmt::format("; it must return floating point numbers [{0}, D] or [{0}, D, 1, 1]", count);
    if (!result.isTensor())
      refuse_extractor(file_, "forward returns a " + result.tagKind() + expected);
    at::Tensor features = result.toTensor();
    const std::string returned =
        fmt::format("forward returns {} [{}]", c10::toString(features.scalar_type()),
                    fmt::join(features.sizes(), ", "));
    if (features.dim() == 4 && features.size(2) == 1 && features.size(3) == 1) {
      features = features.flatten(1);
    }
    if (features.dim() != 2 || features.size(0) != count || features.size(1) == 0 ||
        !features.is_floating_point()) {
      refuse_extractor(file_, returned + expected);
    }
    features = features.to(at::kCPU, at::kFloat).contiguous();
    if (!features.isfinite().all().item<bool>()) {
      refuse_extractor(file_, "forward returns numbers that are not finite");
    }
    return features;
  }

  std::filesystem::path file_;
  c10::Device device_;
  // mutable: forward() is not const, but does not change a module in eval mode.
  mutable torch::jit::Module module_;
  std::string digest_;
};

// Two images, the second one darker. Uniform images would make a module that normalizes them divide
// by zero.
at::Tensor trial_images(int64_t size) {
  at::Tensor images = at::arange(int64_t{2} * 3 * size * size, at::kLong)
                          .mul_(7)
                          .remainder_(256)
                          .to(at::kByte)
                          .view({2, 3, size, size});
  images[1].floor_divide_(2);
  return images;
}

// Rounding differs with the size of a batch by far less, batch statistics and dropout by far more.
constexpr double kLargestDifference = 1e-3;

// Throws unless the features are a function of each image alone. Scores would otherwise be random,
// or depend on the order and number of the images.
void try_extractor(const FeatureExtractor& extractor, const ExtractorSpec& spec,
                   int64_t image_size) {
  constexpr const char* kRemedy =
      "; call module.eval() before torch.jit.script or torch.jit.trace, and use no randomness";
  const at::Tensor images = trial_images(image_size);
  const at::Tensor both = extractor.features(images);
  if (!at::equal(extractor.features(images), both)) {
    refuse_extractor(spec.file,
                     fmt::format("returns other features when it sees the same images again, as "
                                 "dropout in training mode does{}",
                                 kRemedy));
  }
  const at::Tensor alone = extractor.features(images.narrow(0, 1, 1))[0];
  if ((alone - both[1]).norm().item<double>() >
      kLargestDifference * both[1].norm().item<double>()) {
    refuse_extractor(spec.file,
                     fmt::format("returns other features for an image when another one is in the "
                                 "batch, as batch norm in training mode does{}",
                                 kRemedy));
  }
  if (at::equal(both[0], both[1])) {
    refuse_extractor(spec.file, "returns the same features for two different images");
  }
}

}  // namespace

std::unique_ptr<FeatureExtractor> open_torchscript_extractor(const ExtractorSpec& spec,
                                                             int64_t image_size,
                                                             c10::Device device) {
  auto extractor = std::make_unique<TorchScriptExtractor>(spec.file, device);
  try_extractor(*extractor, spec, image_size);
  return extractor;
}

}  // namespace scgan
