#include "distributed/rank_group.h"

#include <utility>

#include "core/comm/solo_communicator.h"
#include "distributed/mpi_communicator.h"

namespace scgan::distributed {

RankGroup::RankGroup(int world_rank, int world_size, int ranks)
    : index_(world_rank / ranks), count_(world_size / ranks) {
  const bool idle = index_ >= count_;
  MpiComm group = split(MPI_COMM_WORLD, idle ? MPI_UNDEFINED : index_);
  if (idle) return;
  if (ranks == 1) {
    communicator_ = std::make_unique<SoloCommunicator>();
  } else {
    communicator_ = std::make_unique<MpiCommunicator>(std::move(group));
  }
}

}  // namespace scgan::distributed
