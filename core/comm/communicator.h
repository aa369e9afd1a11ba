// Communicator: transfers data between the ranks that train one run. In canonical mode it does no
// arithmetic: canonical_sum.h computes the sums, so that their order cannot depend on a library or
// a network.
//
// All operations are collective: every rank of the group must call them in the same order. Tensors
// must be contiguous and on one device. Operations throw Error(kCommunication) naming the operation
// and the rank, or PeerAborted.
//
// On tensors in host memory, a rank's own result is complete when the call returns. On those of a
// GPU the call may only queue the operation, before later work on the current stream. If such an
// operation fails, it ends all the same and leaves wrong bytes, from which the GPU computes others.
// So the host must not store, send or report what it has read from a GPU before confirm() returns.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <future>
#include <string>
#include <utility>

#include "core/base/error.h"

namespace scgan {

// Thrown when another rank has withdrawn from the group.
class PeerAborted final : public Error {
 public:
  explicit PeerAborted(std::string its_reason)
      : Error(ErrorKind::kCommunication, "another rank aborted: " + its_reason),
        reason_(std::move(its_reason)) {}

  // The reason that the other rank passed to abort().
  const std::string& reason() const { return reason_; }

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
  // Sends shard i of `shards` to rank i; mine = [shard from rank 0 | from rank 1 | ...].
  virtual void all_to_all(const at::Tensor& shards, at::Tensor& mine) = 0;
  virtual void broadcast(at::Tensor& tensor, int root) = 0;
  // The library's own all-reduce (`reduction: allreduce`): its bits may depend on the number of
  // ranks.
  virtual void all_reduce_sum(at::Tensor& tensor) = 0;

  // Throws the error of an operation that has failed. If this returns, all that the host has read
  // from a GPU until now is right. Operations on tensors in host memory begin with this. Not
  // collective.
  virtual void confirm() {}
  // Waits until all operations so far have ended, then as confirm(): their results, and what is
  // computed from them later, may be read without a further call. Not collective.
  virtual void settle() {}

  // Runs `work`, which calls the operations above, in the background: on a separate thread, or
  // queued on a separate GPU stream. Pending work runs one item after another in the order of the
  // calls, whether or not an earlier item fails. The future's get() waits until `work` has ended
  // and throws its exception. Until then, nothing else may use this communicator or the tensors of
  // `work`.
  virtual std::future<void> run_async(std::function<void()> work);

  // Withdraws this rank from the group, for example when it is out of memory. The operation in
  // which the other ranks wait, or their next one, throws PeerAborted with `reason`. One or several
  // ranks may call this, each while none of its own operations on host memory is pending; those on
  // its GPU are aborted, too. Afterwards the group must not be used; its ranks may destroy it at
  // different times.
  virtual void abort(const std::string& reason) = 0;

 private:
  int rank_;
  int size_;
  // Ready when the thread of the last run_async() has ended.
  std::shared_future<void> last_async_;
};

// Returns `mine` of all ranks, joined along dimension 0 in rank order, contiguous. Collective.
at::Tensor all_gather_rows(Communicator& communicator, const at::Tensor& mine);

// Returns whether `flag` is set on any rank. Collective.
bool any_rank(Communicator& communicator, bool flag);

// Returns rank `root`'s `text` on every rank. Collective.
std::string broadcast_text(Communicator& communicator, const std::string& text, int root);

}  // namespace scgan
