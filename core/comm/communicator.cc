#include "core/comm/communicator.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>

#include <algorithm>
#include <utility>

namespace scgan {

// Uses a thread because MPI transfers data only inside MPI calls, and the caller makes none while
// it computes.
std::future<void> Communicator::run_async(std::function<void()> work) {
  std::promise<void> ended;
  std::shared_future<void> end = ended.get_future().share();
  auto result = std::async(std::launch::async, [earlier = last_async_, ended = std::move(ended),
                                                work = std::move(work)]() mutable {
    ended.set_value_at_thread_exit();
    if (earlier.valid()) earlier.wait();
    work();
  });
  last_async_ = std::move(end);
  return result;
}

at::Tensor all_gather_rows(Communicator& communicator, const at::Tensor& mine) {
  if (communicator.size() == 1) return mine.contiguous();
  auto shape = mine.sizes().vec();
  shape.at(0) *= communicator.size();
  at::Tensor all = at::empty(shape, mine.options());
  communicator.all_gather(mine.contiguous(), all);
  return all;
}

bool any_rank(Communicator& communicator, bool flag) {
  const at::Tensor mine = at::full({1}, flag ? 1 : 0, at::kLong);
  return all_gather_rows(communicator, mine).any().item<bool>();
}

std::string broadcast_text(Communicator& communicator, const std::string& text, int root) {
  at::Tensor length = at::full({1}, static_cast<int64_t>(text.size()), at::kLong);
  communicator.broadcast(length, root);
  at::Tensor bytes = at::empty({length.item<int64_t>()}, at::kByte);
  auto* begin = reinterpret_cast<char*>(bytes.mutable_data_ptr<uint8_t>());
  if (communicator.rank() == root) std::copy(text.begin(), text.end(), begin);
  communicator.broadcast(bytes, root);
  return {begin, static_cast<size_t>(bytes.numel())};
}

}  // namespace scgan
