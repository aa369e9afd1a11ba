#include "distributed/rank_group.h"

#include <utility>

#include "distributed/communicator_factory.h"
#include "distributed/waiting.h"

namespace scgan::distributed {

RankGroup::RankGroup(int world_rank, int world_size, int ranks, c10::Device device)
    : index_(world_rank / ranks), count_(world_size / ranks) {
  const bool idle = index_ >= count_;
  MpiComm group = split(MPI_COMM_WORLD, idle ? MPI_UNDEFINED : index_);
  if (!idle) communicator_ = make_communicator(std::move(group), device, timeout_seconds());
}

}  // namespace scgan::distributed
