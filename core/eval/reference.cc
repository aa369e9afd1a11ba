#include "core/eval/reference.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <exception>
#include <limits>
#include <system_error>
#include <utility>
#include <vector>

#include "core/base/byte_lock.h"
#include "core/base/checksum.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/sha256.h"
#include "core/model/safetensors.h"

namespace scgan {
namespace {

constexpr const char* kChecksum = "checksum";

at::Tensor numbers(const std::vector<double>& values) { return at::tensor(values, at::kDouble); }

std::vector<double> numbers_of(const at::Tensor& tensor) {
  const auto* first = tensor.const_data_ptr<double>();
  return {first, first + tensor.numel()};
}

std::string points_name(Direction direction) {
  return direction == Direction::kAtoB ? "points_AtoB" : "points_BtoA";
}

NamedTensors to_tensors(const Reference& reference) {
  const PixelVariance &a = reference.variance_a, &b = reference.variance_b;
  NamedTensors tensors{
      {"variances", numbers({a.over_images, a.within_images, b.over_images, b.within_images})}};
  for (const auto& [direction, points] : reference.points) {
    const double none = std::numeric_limits<double>::quiet_NaN();
    tensors.emplace_back(
        points_name(direction),
        numbers({points.fid_untranslated, points.kid_untranslated, points.fid_real_halves,
                 points.kid_real_halves, points.recovered_real_halves.value_or(none)}));
  }
  tensors.emplace_back("features_a", reference.features_a);
  tensors.emplace_back("features_b", reference.features_b);
  return tensors;
}

// The tensors of a file whose checksum is right.
Reference from_tensors(const NamedTensors& tensors) {
  const std::map<std::string, at::Tensor> by_name(tensors.begin(), tensors.end());
  Reference reference;
  reference.features_a = by_name.at("features_a");
  reference.features_b = by_name.at("features_b");
  const auto variances = numbers_of(by_name.at("variances"));
  reference.variance_a = {variances.at(0), variances.at(1)};
  reference.variance_b = {variances.at(2), variances.at(3)};
  for (const Direction direction : {Direction::kAtoB, Direction::kBtoA}) {
    const auto found = by_name.find(points_name(direction));
    if (found == by_name.end()) continue;
    const auto values = numbers_of(found->second);
    ReferencePoints& points = reference.points[direction];
    points = {values.at(0), values.at(1), values.at(2), values.at(3), std::nullopt};
    if (!std::isnan(values.at(4))) points.recovered_real_halves = values.at(4);
  }
  return reference;
}

// Of the key, and of the tensors with their names, types and shapes.
std::string checksum_of(const std::string& key, const NamedTensors& tensors) {
  std::string text = key;
  for (const auto& [name, tensor] : tensors) {
    text += fmt::format("\n{} {} {} {:016x}", name, c10::toString(tensor.scalar_type()),
                        fmt::join(tensor.sizes(), ","),
                        checksum(tensor.const_data_ptr(), tensor.nbytes()));
  }
  return fmt::format("{:016x}", checksum(text.data(), text.size()));
}

}  // namespace

ReferenceFile::ReferenceFile(const std::filesystem::path& folder, std::string key)
    : file_(folder / fmt::format("reference-{}.safetensors", sha256_hex(key).substr(0, 32))),
      key_(std::move(key)) {}

std::optional<Reference> ReferenceFile::load() const {
  std::error_code failed;
  if (file_.empty() || !std::filesystem::exists(file_, failed)) return std::nullopt;
  std::string problem = "it is damaged";
  try {
    const SafetensorsFile content = read_safetensors(file_);
    const auto stated = content.metadata.find(kChecksum);
    if (stated != content.metadata.end() && stated->second == checksum_of(key_, content.tensors)) {
      return from_tensors(content.tensors);
    }
  } catch (const std::exception& error) {
    problem = error.what();
  }
  log::warn("{}: {}; the features of the real images are computed again", file_.string(), problem);
  return std::nullopt;
}

void ReferenceFile::save(const Reference& reference) const {
  if (file_.empty()) return;
  try {
    std::error_code failed;  // then the file cannot be written either
    std::filesystem::create_directories(file_.parent_path(), failed);
    const NamedTensors tensors = to_tensors(reference);
    write_safetensors(file_, tensors, {{kChecksum, checksum_of(key_, tensors)}});
  } catch (const Error& problem) {
    log::warn("the features of the real images cannot be kept for later: {}", problem.what());
  }
}

Descriptor ReferenceFile::lock() const {
  if (file_.empty()) return {};
  std::error_code failed;
  std::filesystem::create_directories(file_.parent_path(), failed);
  auto name = file_;
  name.replace_extension(".lock");
  Descriptor descriptor(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (descriptor) lock_byte(descriptor.get(), 0, ByteLock::kExclusive);
  return descriptor;
}

}  // namespace scgan
