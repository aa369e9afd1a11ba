// State that a communicator of the stand-in NCCL shares with its work on streams, which may outlive
// the communicator.
//
// SCGAN_STAND_IN_NCCL_SILENT=1: a rank that exits is not reported and the others' work never ends,
// as with NCCL's transport over shared memory.
// SCGAN_STAND_IN_NCCL_MIB: the GPU memory that a communicator allocates at its first exchange
// between two ranks (0), when NCCL connects them.
// SCGAN_STAND_IN_LINK_MS: the shortest duration of an operation (0).
#pragma once

#include <nccl.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/stand_in_gpu/peer_links.h"

namespace scgan::stand_in {

class SharedNccl {
 public:
  SharedNccl(std::string name, int own_rank, int ranks, int gpu)
      : rank(own_rank), size(ranks), device(gpu), links(std::move(name), own_rank, ranks) {}

  const int rank, size, device;
  PeerLinks links;

  // Returns false if the GPU has no memory for them.
  bool allocate_buffers();
  void release_buffers();

  ncclResult_t state();
  void set(ncclResult_t state, std::string text = "");
  std::string text();

  uint64_t next_number() { return ++queued_; }

  // Performs operation `number` after all earlier ones, on whichever stream they are. Returns when
  // it is complete or the communicator was aborted: like NCCL's kernels, it does not return on an
  // error.
  void perform(uint64_t number, uint64_t kind, const std::vector<Transfer>& sends,
               const std::vector<Transfer>& receives);
  void abort();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  void* buffers_ = nullptr;
  ncclResult_t state_ = ncclInProgress;
  std::string text_;
  std::atomic<uint64_t> queued_{0};
  uint64_t done_ = 0;
};

}  // namespace scgan::stand_in
