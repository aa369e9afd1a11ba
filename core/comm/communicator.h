// Communicator: moves bits between the ranks that train one run. In the canonical path it does no
// arithmetic: sums are ours (canonical_sum.h), so that their order cannot depend on a library or a
// network.
//
// All operations are collective: every rank of the group calls them in the same order. Tensors are
// contiguous and on one device; a rank's own result is complete when the call returns (inside
// run_async() on a GPU: ordered before later work on the current stream). Errors are
// Error(kCommunication) naming the operation and the rank, and PeerAborted.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <future>
#include <string>
#include <utility>

#include "core/base/error.h"

namespace scgan {

// Another rank takes no further part in what the group does.
class PeerAborted final : public Error {
 public:
  explicit PeerAborted(std::string its_reason)
      : Error(ErrorKind::kCommunication, "another rank gave up: " + its_reason),
        reason_(std::move(its_reason)) {}

  const std::string& reason() const { return reason_; }  // that it gave

 private:
  std::string reason_;
};

class Communicator {
 public:
  Communicator(int rank, int size) : rank_(rank), size_(size) {}
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;
  virtual ~Communicator() = default;

  int rank() const { return rank_; }
  int size() const { return size_; }

  // all = [rank 0's | rank 1's | ...]; all.numel() = size() * mine.numel().
  virtual void all_gather(const at::Tensor& mine, at::Tensor& all) = 0;
  // Shard i of `shards` goes to rank i; mine = [shard from rank 0 | from rank 1 | ...].
  virtual void all_to_all(const at::Tensor& shards, at::Tensor& mine) = 0;
  virtual void broadcast(at::Tensor& tensor, int root) = 0;
  // The library's own sum (`reduction: allreduce`): its bits may depend on the number of ranks.
  virtual void all_reduce_sum(at::Tensor& tensor) = 0;

  // Starts `work`, which calls the operations above, beside the caller: on a thread of its own, or
  // queued on a GPU's stream of its own. Works that are under way at one time run one after the
  // other in the order of their start, whether or not an earlier one fails. The future's get()
  // waits for its end and throws what went wrong. Until then nobody else may use this communicator
  // or the tensors of `work`.
  virtual std::future<void> run_async(std::function<void()> work);

  // This rank takes no further part, say for want of memory, while the others count on it: what
  // they wait in, or call next, throws PeerAborted with `word`. Called by one rank or several, when
  // none of its own operations is under way. Nothing of the group may be used afterwards; its ranks
  // may destroy it at different times.
  virtual void abort(const std::string& reason) = 0;

 private:
  int rank_;
  int size_;
  std::shared_future<void> last_async_;  // ready once the thread of the last work has ended
};

// `mine` of all ranks, concatenated along dimension 0 in rank order.
at::Tensor all_gather_rows(Communicator& communicator, const at::Tensor& mine);

// Whether `flag` is set on any rank.
bool any_rank(Communicator& communicator, bool flag);

// The text that rank `root` gave.
std::string broadcast_text(Communicator& communicator, const std::string& text, int root);

}  // namespace scgan
