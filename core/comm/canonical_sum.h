// Sums whose order is fixed by the global micro-batch index, never by the number of ranks: a binary
// tree over micro-batches. A rank sums its own subtree, then the ranks' sums are added in the upper
// levels of the same tree.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "core/comm/communicator.h"

namespace scgan {

// Sum of a stream of equal tensors in a binary tree over their order. Keeps log2(k) + 1 of them
// alive.
class TreeSum {
 public:
  // Takes the tensor over and adds into it or an earlier one.
  void push(at::Tensor tensor);

  // The sum; the number pushed must be a power of two. Empties the tree.
  at::Tensor result();

  // push(last) and result() in parts, for a last term that is not complete yet. result_with(last)
  // is the vector in which the sum will lie; add_part(last, ...) adds the elements [begin, begin +
  // count) of `last` and gives their sum, a view of that vector. Terms are 1-dimensional.
  at::Tensor result_with(const at::Tensor& last) const;
  at::Tensor add_part(const at::Tensor& last, int64_t begin, int64_t count) const;

 private:
  std::vector<std::pair<int, at::Tensor>> levels_;
};

// Adds `flat` of all ranks, in place, in the binary tree over ranks: shards all-to-all, tree,
// all-gather. Every byte travels as often as in a ring all-reduce. Collective. size() is a power of
// two that divides flat.numel().
void canonical_sum(Communicator& communicator, at::Tensor& flat);

}  // namespace scgan
