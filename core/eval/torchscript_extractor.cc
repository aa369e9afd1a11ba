#include "core/eval/torchscript_extractor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/script.h>

#include <array>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/base/sha256.h"

namespace scgan {
namespace {

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& reason) {
  throw Error(ErrorKind::kData,
              fmt::format("evaluate.extractor.file: {}: {}", file.string(), reason));
}

// LibTorch's messages go on for pages. What matters is their first line or, from inside a module,
// the line with the exception's name, which comes last.
std::string reason_of(const std::exception& problem) {
  const auto* error = dynamic_cast<const c10::Error*>(&problem);
  const std::string text = error != nullptr ? error->what_without_backtrace() : problem.what();
  const size_t named = text.rfind("RuntimeError: ");
  const size_t begin = named == std::string::npos ? text.find_first_not_of('\n') : named;
  return begin == std::string::npos ? "" : text.substr(begin, text.find('\n', begin) - begin);
}

constexpr const char* kHowToMake = "in Python, torch.jit.script(module).save(file) makes one";

// Throws what is wrong with files that LibTorch would refuse in words that help nobody.
void check_file(const std::filesystem::path& file) {
  std::error_code failed;
  if (std::filesystem::is_directory(file, failed))
    refuse(file, "is a folder, not a TorchScript file");
  if (!std::filesystem::exists(file, failed)) refuse(file, "no such file");
  std::ifstream stream(file, std::ios::binary);
  std::array<char, 4> start{};
  stream.read(start.data(), start.size());
  if (stream.bad() || !stream.is_open()) refuse(file, "cannot be read");
  if (stream.gcount() == 0) refuse(file, "is empty");
  if (std::string_view(start.data(), start.size()) != "PK\x03\x04") {
    refuse(file, fmt::format("is no TorchScript file, which is a zip archive; {}", kHowToMake));
  }
}

torch::jit::Module load(const std::filesystem::path& file) {
  check_file(file);
  // The profiling executor rewrites a module after its first calls, and with it the last bits of
  // what it gives.
  torch::jit::getProfilingMode() = false;
  torch::jit::setGraphExecutorOptimize(false);
  try {
    torch::jit::Module module = torch::jit::load(file.string(), at::kCPU);
    module.eval();
    return module;
  } catch (const std::exception& problem) {
    const std::string reason = reason_of(problem);
    if (reason.find("constants.pkl") != std::string::npos) {
      refuse(file, fmt::format("holds weights or a pickled object, but no TorchScript module; {}",
                               kHowToMake));
    }
    refuse(file, fmt::format("is no TorchScript file that this LibTorch reads: {}", reason));
  }
}

void check_forward(const torch::jit::Module& module, const std::filesystem::path& file) {
  const auto forward = module.find_method("forward");
  if (!forward) refuse(file, "its module has no forward method");
  const auto& arguments = forward->function().getSchema().arguments();
  if (arguments.size() != 2) {  // self comes first
    refuse(file,
           fmt::format("its forward takes {} arguments; wanted is one, images uint8 [N, 3, H, W]: "
                       "script a module around it that sets the others",
                       arguments.size() - 1));
  }
}

class TorchScriptExtractor final : public FeatureExtractor {
 public:
  explicit TorchScriptExtractor(const std::filesystem::path& file)
      : file_(file), module_(load(file)), digest_(sha256_of_file(file)) {
    check_forward(module_, file_);
  }

  at::Tensor features(const at::Tensor& images) const override {
    const at::NoGradGuard no_grad;
    // Contiguous: another memory layout could take another kernel, with other bits.
    const at::Tensor input = images.to(at::kCPU).contiguous();
    c10::IValue result;
    try {
      result = module_.forward({input});
    } catch (const std::exception& problem) {
      refuse(file_, fmt::format("forward(uint8 [{}]) failed: {}", fmt::join(images.sizes(), ", "),
                                reason_of(problem)));
    }
    return checked(result, images.size(0));
  }
  std::string name() const override { return file_.filename().string(); }
  std::string digest() const override { return digest_; }

 private:
  at::Tensor checked(const c10::IValue& result, int64_t count) const {
    const std::string wanted =
        fmt::format("; wanted are floating point numbers [{0}, D] or [{0}, D, 1, 1]", count);
    if (!result.isTensor()) refuse(file_, "forward gives a " + result.tagKind() + wanted);
    at::Tensor features = result.toTensor();
    const std::string given =
        fmt::format("forward gives {} [{}]", c10::toString(features.scalar_type()),
                    fmt::join(features.sizes(), ", "));
    if (features.dim() == 4 && features.size(2) == 1 && features.size(3) == 1) {
      features = features.flatten(1);
    }
    if (features.dim() != 2 || features.size(0) != count || features.size(1) == 0 ||
        !features.is_floating_point()) {
      refuse(file_, given + wanted);
    }
    features = features.to(at::kCPU, at::kFloat).contiguous();
    if (!features.isfinite().all().item<bool>()) {
      refuse(file_, "forward gives numbers that are not finite");
    }
    return features;
  }

  std::filesystem::path file_;
  mutable torch::jit::Module
      module_;  // forward() is not const, but a module in eval mode stays as it is
  std::string digest_;
};

// Two different images with all grey levels: uniform ones would let a module that normalizes them
// divide by zero.
at::Tensor trial_images(int64_t size) {
  return at::arange(2 * 3 * size * size, at::kLong)
      .mul_(7)
      .remainder_(256)
      .to(at::kByte)
      .view({2, 3, size, size});
}

}  // namespace

std::unique_ptr<FeatureExtractor> open_torchscript_extractor(const ExtractorSpec& spec,
                                                             int64_t image_size) {
  auto extractor = std::make_unique<TorchScriptExtractor>(spec.file);
  extractor->features(trial_images(image_size));  // throws what is wrong
  return extractor;
}

}  // namespace scgan
