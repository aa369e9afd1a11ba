// What a communicator of the stand-in's NCCL and its work on streams have in common; the work may
// outlive the communicator.
//
// SCGAN_STAND_IN_NCCL_SILENT=1: a rank that is gone is not reported; the others' work never ends,
// as with ranks that share a host's memory.
// SCGAN_STAND_IN_NCCL_MIB: of the GPU's memory, that a communicator takes at its first exchange
// between two ranks (0), as NCCL connects them only then.
// SCGAN_STAND_IN_LINK_MS: how long every operation takes, at least.
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

  // Whether there is memory for it.
  bool take_buffers();
  void release_buffers();

  ncclResult_t state();
  void set(ncclResult_t state, std::string text = "");
  std::string text();

  uint64_t next_number() { return ++queued_; }

  // Operation `number`, after those before it, whichever streams they are on. Comes back when it is
  // done or the communicator was aborted: a kernel of NCCL does not end on an error either.
  void perform(uint64_t number, uint64_t kind, const std::vector<Transfer>& sends,
               const std::vector<Transfer>& receives);
  void give_up();

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
