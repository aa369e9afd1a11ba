#include "core/train/divergence_check.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/sha256.h"
#include "core/train/placement.h"

namespace scgan {
namespace {

// The first 64 bits of the SHA-256 of the tensor's bytes.
int64_t hash_of(const at::Tensor& tensor) {
  const at::Tensor bytes = tensor.detach().to(at::kCPU).contiguous();
  const std::string hex = sha256_hex(
      {static_cast<const char*>(bytes.const_data_ptr()), static_cast<size_t>(bytes.nbytes())});
  return static_cast<int64_t>(std::stoull(hex.substr(0, 16), nullptr, 16));
}

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
  const at::Tensor mine = at::empty({1, static_cast<int64_t>(tensors.size())}, at::kLong);
  for (size_t i = 0; i < tensors.size(); ++i) {
    mine[0][static_cast<int64_t>(i)] = hash_of(tensors[i].tensor);
  }
  const at::Tensor all = all_gather_rows(communicator, mine);
  for (size_t i = 0; i < tensors.size(); ++i) {
    const auto ranks = outliers(all.select(1, static_cast<int64_t>(i)), tensors[i].placement);
    if (!ranks.empty()) report(tensors[i].name, ranks, state.step);
  }
}

}  // namespace scgan
