#include "core/features/torchscript_file.h"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <string_view>

#include "core/base/device_fault.h"
#include "core/base/error.h"

namespace scgan {
namespace {

// Refuses the files for which LibTorch's own messages do not help.
void check_file(const std::filesystem::path& file, const std::string& how_to_make) {
  std::error_code failed;
  if (std::filesystem::is_directory(file, failed))
    refuse_extractor(file, "is a folder, not a TorchScript file");
  if (!std::filesystem::exists(file, failed)) refuse_extractor(file, "no such file");
  std::ifstream stream(file, std::ios::binary);
  std::array<char, 4> start{};
  stream.read(start.data(), start.size());
  if (stream.bad() || !stream.is_open()) refuse_extractor(file, "cannot be read");
  if (stream.gcount() == 0) refuse_extractor(file, "is empty");
  if (std::string_view(start.data(), start.size()) != "PK\x03\x04") {
    refuse_extractor(
        file, fmt::format("is not a TorchScript file, which is a zip archive; {}", how_to_make));
  }
}

// The line of LibTorch's page-long message that says what is wrong.
std::string reason_of(const std::exception& problem) {
  // That is the first line or, for an exception inside a module, the line with its name, which
  // comes last.
  const auto* error = dynamic_cast<const c10::Error*>(&problem);
  const std::string text = error != nullptr ? error->what_without_backtrace() : problem.what();
  const size_t named = text.rfind("RuntimeError: ");
  const size_t begin = named == std::string::npos ? text.find_first_not_of('\n') : named;
  return begin == std::string::npos ? "" : text.substr(begin, text.find('\n', begin) - begin);
}

}  // namespace

void refuse_extractor(const std::filesystem::path& file, const std::string& reason) {
  throw Error(ErrorKind::kData, fmt::format("{}: {}", file.string(), reason));
}

void module_failed(const std::filesystem::path& file, const std::string& doing,
                   const std::exception& problem) {
  const std::string reason = reason_of(problem);
  switch (device_fault_in(problem.what())) {
    case DeviceFault::kNone:
      refuse_extractor(file, fmt::format("{} failed: {}", doing, reason));
    case DeviceFault::kOutOfMemory:
      throw Error(ErrorKind::kOutOfMemory, fmt::format("{}: {}: {}", file.string(), doing, reason));
    case DeviceFault::kLost:
      throw Error(ErrorKind::kDevice, fmt::format("{}: {}: {}", file.string(), doing, reason));
  }
  std::abort();
}

torch::jit::Module load_torchscript(const std::filesystem::path& file,
                                    const std::string& how_to_make) {
  check_file(file, how_to_make);
  // The profiling executor rewrites a module after its first calls, which changes the last bits of
  // its results.
  torch::jit::getProfilingMode() = false;
  torch::jit::setGraphExecutorOptimize(false);
  try {
    torch::jit::Module module = torch::jit::load(file.string(), at::kCPU);
    module.eval();
    return module;
  } catch (const std::exception& problem) {
    const std::string reason = reason_of(problem);
    if (reason.find("constants.pkl") != std::string::npos) {
      refuse_extractor(
          file, fmt::format("holds weights or a pickled object, but no TorchScript module; {}",
                            how_to_make));
    }
    refuse_extractor(
        file, fmt::format("is not a TorchScript file that this LibTorch can read: {}", reason));
  }
}

}  // namespace scgan
