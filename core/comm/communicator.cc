#include "core/comm/communicator.h"

#include <ATen/ATen.h>

#include <utility>

namespace scgan {

// A thread: MPI moves data only inside MPI calls, and what the caller does meanwhile makes none.
std::future<void> Communicator::beside(std::function<void()> work) {
  return std::async(std::launch::async, std::move(work));
}

at::Tensor gathered(Communicator& communicator, const at::Tensor& mine) {
  if (communicator.size() == 1) return mine;
  auto shape = mine.sizes().vec();
  shape.at(0) *= communicator.size();
  at::Tensor all = at::empty(shape, mine.options());
  communicator.all_gather(mine.contiguous(), all);
  return all;
}

bool any_rank(Communicator& communicator, bool flag) {
  const at::Tensor mine = at::full({1}, flag ? 1 : 0, at::kLong);
  return gathered(communicator, mine).any().item<bool>();
}

}  // namespace scgan
