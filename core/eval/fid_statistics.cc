#include "core/eval/fid_statistics.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/eval/npy.h"

namespace scgan {
namespace {

constexpr double kAsymmetry = 1e-5;  // of the largest entry: float32's rounding and some more

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& reason) {
  throw Error(ErrorKind::kData, fmt::format("{}: {}", file.string(), reason));
}

at::Tensor to_tensor(const NpyArray& array) {
  at::Tensor tensor = at::empty(array.shape, at::kDouble);
  std::copy(array.values.begin(), array.values.end(), tensor.mutable_data_ptr<double>());
  return tensor;
}

NpyArray to_array(const at::Tensor& tensor) {
  const at::Tensor values = tensor.to(at::kCPU, at::kDouble).contiguous();
  const double* first = values.const_data_ptr<double>();
  return {values.sizes().vec(), {first, first + values.numel()}};
}

void check(const FeatureMoments& moments, const std::filesystem::path& file) {
  const at::Tensor& mean = moments.mean;
  const at::Tensor& sigma = moments.sigma;
  if (mean.dim() != 1 || mean.numel() == 0 ||
      sigma.sizes() != at::IntArrayRef({mean.numel(), mean.numel()})) {
    refuse(file, fmt::format("mu [{}] and sigma [{}] are no statistics; wanted are [d] and [d, d]",
                             fmt::join(mean.sizes(), ", "), fmt::join(sigma.sizes(), ", ")));
  }
  if (!mean.isfinite().all().item<bool>() || !sigma.isfinite().all().item<bool>()) {
    refuse(file, "mu or sigma has a value that is not finite");
  }
  const double largest = sigma.abs().max().item<double>();
  if ((sigma - sigma.t()).abs().max().item<double>() > kAsymmetry * largest) {
    refuse(file, "sigma is not symmetric, so it is no covariance");
  }
  if (sigma.diagonal().min().item<double>() < 0) {
    refuse(file, "sigma has a variance below 0, so it is no covariance");
  }
}

}  // namespace

FeatureMoments read_fid_statistics(const std::filesystem::path& file) {
  const at::NoGradGuard no_grad;
  const auto arrays =
      parse_npz(read_data_file(file, "a .npz file"), file.string(), {"mu", "sigma"});
  FeatureMoments moments{to_tensor(arrays.at("mu")), to_tensor(arrays.at("sigma"))};
  check(moments, file);
  moments.sigma = (moments.sigma + moments.sigma.t()) / 2;
  return moments;
}

void write_fid_statistics(const std::filesystem::path& file, const FeatureMoments& moments) {
  write_file_atomically(
      file, to_npz({{"mu", to_array(moments.mean)}, {"sigma", to_array(moments.sigma)}}));
}

}  // namespace scgan
