#include "distributed/rank_group.h"

#include <utility>

#include "core/comm/solo_communicator.h"
#include "distributed/communicator_factory.h"
#include "distributed/mpi_comm.h"
#include "distributed/waiting.h"

namespace scgan::distributed {

std::unique_ptr<Communicator> make_rank_group(const std::vector<int>& members, c10::Device device) {
  if (members.size() == 1) return std::make_unique<SoloCommunicator>();
  MpiComm group = [&] {
    const Waiting waiting("MPI_Comm_create_group");
    return group_of(MPI_COMM_WORLD, members);
  }();
  return make_communicator(std::move(group), device, timeout_seconds());
}

}  // namespace scgan::distributed
