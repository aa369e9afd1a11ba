#include "core/model/lpips.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdint>
#include <map>
#include <utility>

#include "core/base/error.h"
#include "core/base/sha256.h"
#include "core/model/safetensors.h"

namespace scgan {
namespace {

// VGG16 up to relu5_3. A stage is a sequence of 3x3 convolutions with ReLU at one size, with a max
// pool between stages. `index` is torchvision's number of the first convolution; it counts each
// convolution, ReLU and pool.
struct VggStage {
  int64_t index;
  int64_t convolutions;
  int64_t in;
  int64_t out;
};
constexpr std::array<VggStage, 5> kVgg16 = {
    {{0, 2, 3, 64}, {5, 2, 64, 128}, {10, 3, 128, 256}, {17, 3, 256, 512}, {24, 3, 512, 512}}};
constexpr size_t kConvolutions = 13;

// Added to a length before dividing by it.
constexpr double kLengthEpsilon = 1e-10;

struct ExpectedTensor {
  std::string name;
  std::vector<int64_t> shape;
};

// In the order of Lpips::tensors_.
std::vector<ExpectedTensor> expected_tensors() {
  std::vector<ExpectedTensor> all;
  for (const VggStage& stage : kVgg16) {
    for (int64_t i = 0; i < stage.convolutions; ++i) {
      const std::string name = "features." + std::to_string(stage.index + 2 * i);
      all.push_back({name + ".weight", {stage.out, i == 0 ? stage.in : stage.out, 3, 3}});
      all.push_back({name + ".bias", {stage.out}});
    }
  }
  for (size_t i = 0; i < kVgg16.size(); ++i) {
    all.push_back({"lin" + std::to_string(i) + ".model.1.weight", {1, kVgg16[i].out, 1, 1}});
  }
  return all;
}

template <typename... Values>
[[noreturn]] void refuse(const std::filesystem::path& file, fmt::format_string<Values...> why,
                         Values&&... values) {
  throw Error(
      ErrorKind::kData,
      fmt::format("{}: not the weights of LPIPS: {} (tools/convert_lpips.py makes such a file)",
                  file.string(), fmt::format(why, std::forward<Values>(values)...)));
}

void check(const std::filesystem::path& file, const ExpectedTensor& expected,
           const at::Tensor& tensor) {
  if (tensor.sizes() != at::IntArrayRef(expected.shape)) {
    refuse(file, "the tensor {} has the shape [{}], not [{}]", expected.name,
           fmt::join(tensor.sizes().vec(), ", "), fmt::join(expected.shape, ", "));
  }
  if (tensor.scalar_type() != at::kFloat) {
    refuse(file, "the tensor {} is {}, not float32", expected.name,
           c10::toString(tensor.scalar_type()));
  }
  if (!tensor.isfinite().all().item<bool>()) {
    refuse(file, "the tensor {} has values that are not finite", expected.name);
  }
}

std::vector<at::Tensor> read_tensors(const std::filesystem::path& file) {
  std::map<std::string, at::Tensor> found;
  for (auto& [name, tensor] : read_safetensors(file).tensors) found[name] = tensor;
  std::vector<at::Tensor> tensors;
  for (const ExpectedTensor& expected : expected_tensors()) {
    const auto entry = found.find(expected.name);
    if (entry == found.end()) refuse(file, "the tensor {} is missing", expected.name);
    check(file, expected, entry->second);
    tensors.push_back(entry->second);
    found.erase(entry);
  }
  if (!found.empty()) refuse(file, "the tensor {} is unknown", found.begin()->first);
  return tensors;
}

at::Tensor per_channel(std::initializer_list<double> values) {
  return at::tensor(at::ArrayRef<double>(values), at::kDouble).view({1, 3, 1, 1});
}

// The larger one, and `first` if they are equal, so that only one of them gets a gradient.
at::Tensor larger(const at::Tensor& first, const at::Tensor& second) {
  return at::where(second > first, second, first);
}

// The larger of each pair of neighbours along `dim`.
at::Tensor halved(const at::Tensor& x, int64_t dim) {
  const int64_t end = x.size(dim) / 2 * 2;
  return larger(x.slice(dim, 0, end, 2), x.slice(dim, 1, end, 2));
}

// A max pool 2/2; the backward pass of LibTorch's is not deterministic on CUDA. Columns come before
// rows so that, as in LibTorch, the first of equal values in row-major order gets the gradient.
at::Tensor max_pool(const at::Tensor& x) { return halved(halved(x, 3), 2); }

at::Tensor normalize_channels(const at::Tensor& map) {
  const at::Tensor length = at::linalg_vector_norm(map, 2, at::IntArrayRef{1}, /*keepdim=*/true);
  return map / (length + kLengthEpsilon);
}

}  // namespace

Lpips::Lpips(const std::filesystem::path& file)
    : tensors_(read_tensors(file)), digest_(sha256_of_file(file)) {}

void Lpips::convert_to_options_of(const at::Tensor& images) {
  const bool converted = shift_.defined() && shift_.device() == images.device() &&
                         shift_.scalar_type() == images.scalar_type();
  if (converted) return;
  for (at::Tensor& tensor : tensors_) tensor = tensor.to(images.options());
  shift_ = per_channel({-0.030, -0.088, -0.188}).to(images.options());
  scale_ = per_channel({0.458, 0.448, 0.450}).to(images.options());
}

std::array<at::Tensor, Lpips::kStages> Lpips::normalized_maps(const at::Tensor& images) const {
  std::array<at::Tensor, kStages> maps;
  at::Tensor x = (images - shift_) / scale_;
  auto parameter = tensors_.begin();
  for (size_t stage = 0; stage < kVgg16.size(); ++stage) {
    if (stage > 0) x = max_pool(x);
    for (int64_t i = 0; i < kVgg16[stage].convolutions; ++i, parameter += 2) {
      x = at::relu(at::conv2d(x, parameter[0], parameter[1], 1, 1));
    }
    maps[stage] = normalize_channels(x);
  }
  return maps;
}

at::Tensor Lpips::operator()(const at::Tensor& images, const at::Tensor& targets) {
  convert_to_options_of(images);
  const auto maps = normalized_maps(images);
  const auto target_maps = normalized_maps(targets);
  at::Tensor sum;
  for (size_t stage = 0; stage < kVgg16.size(); ++stage) {
    const at::Tensor& linear = tensors_[2 * kConvolutions + stage];
    const at::Tensor squares = (maps[stage] - target_maps[stage]).square();
    const at::Tensor distance = at::conv2d(squares, linear).mean({1, 2, 3});
    sum = sum.defined() ? sum + distance : distance;
  }
  return sum;
}

}  // namespace scgan
