#include "core/train/divergence_check.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/train/placement.h"

namespace scgan {
namespace {

// Elements hashed at once: bounds the memory for a large tensor.
constexpr int64_t kBlock = int64_t{1} << 20;

at::Tensor as_integers(const at::Tensor& flat) {
  switch (flat.element_size()) {
    case 1:
      return flat.view(at::kByte);
    case 2:
      return flat.view(at::kShort);
    case 4:
      return flat.view(at::kInt);
    default:
      return flat.view(at::kLong);
  }
}

// Computes hashes of tensors where they are. A hash is the sum, modulo 2^64, of each element's bits
// as an integer times an odd number that depends on its position. Therefore one changed element
// always changes it, whichever bits change; and the order of the additions does not matter.
class Hasher {
 public:
  // [1], int64.
  at::Tensor operator()(const at::Tensor& tensor) {
    const at::Tensor words = as_integers(tensor.detach().contiguous().flatten());
    at::Tensor sum = at::zeros({1}, words.options().dtype(at::kLong));
    for (int64_t begin = 0; begin < words.numel(); begin += kBlock) {
      const int64_t count = std::min(kBlock, words.numel() - begin);
      const at::Tensor block = (words.narrow(0, begin, count) * factors(count, words)).sum();
      sum.mul_(kBlockFactor).add_(block);
    }
    return sum;
  }

 private:
  // Odd: 2^64 divided by the golden ratio, and a prime of xxHash.
  static constexpr auto kPositionFactor = static_cast<int64_t>(0x9E3779B97F4A7C15U);
  static constexpr auto kBlockFactor = static_cast<int64_t>(0xC2B2AE3D27D4EB4FU);

  // The factors of the first `count` positions: mixed, so that they have no simple ratios.
  at::Tensor factors(int64_t count, const at::Tensor& words) {
    if (!factors_.defined() || factors_.numel() < count || factors_.device() != words.device()) {
      const at::Tensor mixed =
          at::arange(1, count + 1, words.options().dtype(at::kLong)).mul_(kPositionFactor);
      factors_ =
          mixed.bitwise_xor_(mixed.bitwise_right_shift(29)).mul_(kBlockFactor).bitwise_or_(1);
    }
    return factors_.narrow(0, 0, count);
  }

  at::Tensor factors_;
};

// Returns the ranks whose value differs from that of the lowest rank that holds it. `values` has
// the shape [ranks].
std::vector<int> outliers(const at::Tensor& values, Placement placement) {
  const auto size = static_cast<int>(values.size(0));
  const int first = first_holder(placement, size);
  const auto expected = values[first].item<int64_t>();
  std::vector<int> different;
  for (int rank = first + 1; rank < size; ++rank) {
    if (is_held(placement, rank, size) && values[rank].item<int64_t>() != expected) {
      different.push_back(rank);
    }
  }
  return different;
}

[[noreturn]] void report(const std::string& what, const std::vector<int>& ranks, int64_t step) {
  throw Error(ErrorKind::kDevice,
              fmt::format("the ranks of a run have diverged: {} differs on rank{} {} at step {}; a "
                          "device, a library or the network has changed bits",
                          what, ranks.size() == 1 ? "" : "s", fmt::join(ranks, ", "), step));
}

}  // namespace

void require_equal_states(const TrainState& state, Communicator& communicator) {
  if (communicator.size() == 1) return;
  const at::NoGradGuard no_grad;
  const std::vector<PlacedTensor> tensors = state.placed_tensors();
  // Compare the step and the number of tensors first: the gather below needs equal shapes.
  const at::Tensor shape = at::empty({1, 2}, at::kLong);
  shape[0][0] = state.step;
  shape[0][1] = static_cast<int64_t>(tensors.size());
  const at::Tensor shapes = all_gather_rows(communicator, shape);
  for (int64_t i : {0, 1}) {
    const auto ranks = outliers(shapes.select(1, i), Placement::kAllRanks);
    if (!ranks.empty()) report(i == 0 ? "the step" : "the number of tensors", ranks, state.step);
  }
  Hasher hash;
  std::vector<at::Tensor> hashes;
  for (const PlacedTensor& placed : tensors) hashes.push_back(hash(placed.tensor));
  const at::Tensor mine = at::cat(hashes).to(at::kCPU).unsqueeze(0);
  const at::Tensor all = all_gather_rows(communicator, mine);
  for (size_t i = 0; i < tensors.size(); ++i) {
    const auto ranks = outliers(all.select(1, static_cast<int64_t>(i)), tensors[i].placement);
    if (!ranks.empty()) report(tensors[i].name, ranks, state.step);
  }
}

}  // namespace scgan
