// Sums in an order that depends only on the global micro-batch index, never on the number of ranks:
// a binary tree over micro-batches. Each rank sums its own subtree; the upper levels of the same
// tree then add the ranks' sums.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "core/comm/communicator.h"

namespace scgan {

// Sums a stream of k tensors of equal shape in a binary tree over their order. Keeps at most
// log2(k) + 1 of them alive.
class TreeSum {
 public:
  // Takes ownership of the tensor and adds in place, into this tensor or an earlier one.
  void push(at::Tensor tensor);

  // Returns the sum and empties the tree. The number of pushed tensors must be a power of two.
  at::Tensor result();

  // The equivalent of push(last) and result() in parts, for a last term that is not complete yet.
  // result_with(last) returns the vector that will hold the sum. add_part(last, ...) adds the
  // elements [begin, begin + count) of `last` and returns their sum as a view of that vector. Terms
  // must be 1-dimensional.
  at::Tensor result_with(const at::Tensor& last) const;
  at::Tensor add_part(const at::Tensor& last, int64_t begin, int64_t count) const;

 private:
  std::vector<std::pair<int, at::Tensor>> levels_;
};

// Sums `flat` over all ranks, in place, in the binary tree over ranks: all-to-all of the shards,
// tree sum, all-gather. Transfers as many bytes as a ring all-reduce. Collective. size() must be a
// power of two that divides flat.numel().
void canonical_sum(Communicator& communicator, at::Tensor& flat);

}  // namespace scgan
