#include "tools/fid/fid_statistics.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include <algorithm>

#include "core/base/atomic_file.h"
#include "tools/fid/npy.h"

namespace scgan {
namespace {

at::Tensor to_tensor(const NpyArray& array) {
  at::Tensor tensor = at::empty(array.shape, at::kDouble);
  std::copy(array.values.begin(), array.values.end(), tensor.mutable_data_ptr<double>());
  return tensor;
}

NpyArray to_array(const at::Tensor& tensor) {
  const at::Tensor values = tensor.to(at::kCPU, at::kDouble).contiguous();
  const auto* first = values.const_data_ptr<double>();
  return {values.sizes().vec(), {first, first + values.numel()}};
}

}  // namespace

FeatureMoments read_fid_statistics(const std::filesystem::path& file) {
  const at::NoGradGuard no_grad;
  const auto arrays =
      parse_npz(read_data_file(file, "a .npz file"), file.string(), {"mu", "sigma"});
  FeatureMoments moments{to_tensor(arrays.at("mu")), to_tensor(arrays.at("sigma"))};
  check_moments(moments, file.string());
  moments.sigma = (moments.sigma + moments.sigma.t()) / 2;
  return moments;
}

void write_fid_statistics(const std::filesystem::path& file, const FeatureMoments& moments) {
  write_file_atomically(
      file, to_npz({{"mu", to_array(moments.mean)}, {"sigma", to_array(moments.sigma)}}));
}

}  // namespace scgan
