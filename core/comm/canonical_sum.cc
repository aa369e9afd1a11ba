#include "core/comm/canonical_sum.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>

namespace scgan {

void TreeSum::push(at::Tensor tensor) {
  const at::NoGradGuard no_grad;
  int level = 0;
  while (!levels_.empty() && levels_.back().first == level) {
    tensor = levels_.back().second.add_(tensor);
    levels_.pop_back();
    ++level;
  }
  levels_.emplace_back(level, std::move(tensor));
}

at::Tensor TreeSum::result() {
  TORCH_INTERNAL_ASSERT(levels_.size() == 1, "a canonical sum takes a power of two of terms");
  at::Tensor sum = std::move(levels_.back().second);
  levels_.clear();
  return sum;
}

at::Tensor TreeSum::result_with(const at::Tensor& last) const {
  return levels_.empty() ? last : levels_.front().second;
}

at::Tensor TreeSum::add_part(const at::Tensor& last, int64_t begin, int64_t count) const {
  const at::NoGradGuard no_grad;
  at::Tensor sum = last.narrow(0, begin, count);
  int level = 0;
  for (auto earlier = levels_.rbegin(); earlier != levels_.rend(); ++earlier, ++level) {
    TORCH_INTERNAL_ASSERT(earlier->first == level, "a canonical sum takes a power of two of terms");
    sum = earlier->second.narrow(0, begin, count).add_(sum);
  }
  return sum;
}

void canonical_sum(Communicator& communicator, at::Tensor& flat) {
  const at::NoGradGuard no_grad;
  const int64_t ranks = communicator.size();
  if (ranks == 1) return;
  TORCH_INTERNAL_ASSERT((ranks & (ranks - 1)) == 0 && flat.numel() % ranks == 0);
  at::Tensor received = at::empty_like(flat);
  communicator.all_to_all(flat, received);
  const at::Tensor rows = received.view({ranks, -1});
  for (int64_t width = 1; width < ranks; width *= 2) {
    for (int64_t row = 0; row < ranks; row += 2 * width) rows[row].add_(rows[row + width]);
  }
  communicator.all_gather(rows[0], flat);
}

}  // namespace scgan
